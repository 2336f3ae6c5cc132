#include "observe/process_gauges.hpp"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <sstream>

namespace obleth::observe {
namespace {

// Fields of /proc/self/stat, after the name in brackets (proc(5) counts them from 1, the state is the third).
struct ProcessStat {
  double user_ticks = 0;
  double system_ticks = 0;
  double threads = 0;
  double start_ticks = 0;  // after boot
  double virtual_bytes = 0;
  double resident_pages = 0;
};

std::optional<ProcessStat> read_stat() {
  constexpr std::size_t fields_needed = 22;
  std::ifstream file("/proc/self/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream rest(text.substr(name_end + 1));
  const std::vector<std::string> fields((std::istream_iterator<std::string>(rest)), {});
  if (fields.size() < fields_needed) return std::nullopt;
  const auto number = [&fields](std::size_t field) { return std::strtod(fields[field - 3].c_str(), nullptr); };
  return ProcessStat{number(14), number(15), number(20), number(22), number(23), number(24)};
}

// Unix time of the boot, in seconds.
std::optional<double> read_boot_time() {
  std::ifstream file("/proc/stat");
  std::string word;
  while (file >> word) {
    double seconds = 0;
    if (word == "btime" && file >> seconds) return seconds;
  }
  return std::nullopt;
}

std::optional<double> count_open_files() {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc/self/fd"), ::closedir);
  if (!folder) return std::nullopt;
  double entries = 0;
  while (::readdir(folder.get()) != nullptr)
    ++entries;
  return entries - 3;  // ".", ".." and the descriptor that reads them
}

}  // namespace

void add_process_gauges(GaugeSamples& gauges) {
  const auto ticks_per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  const auto page_bytes = static_cast<double>(::sysconf(_SC_PAGESIZE));
  if (const auto stat = read_stat()) {
    gauges.set(Metric::process_cpu, {}, (stat->user_ticks + stat->system_ticks) / ticks_per_second);
    gauges.set(Metric::process_resident_memory, {}, stat->resident_pages * page_bytes);
    gauges.set(Metric::process_virtual_memory, {}, stat->virtual_bytes);
    gauges.set(Metric::process_threads, {}, stat->threads);
    static const std::optional<double> boot = read_boot_time();
    if (boot) gauges.set(Metric::process_start_time, {}, *boot + stat->start_ticks / ticks_per_second);
  }
  if (const auto files = count_open_files()) gauges.set(Metric::process_open_files, {}, *files);
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    gauges.set(Metric::process_max_files, {}, static_cast<double>(limit.rlim_cur));
  }
}

}  // namespace obleth::observe
