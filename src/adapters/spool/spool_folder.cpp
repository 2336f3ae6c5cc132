#include "adapters/spool/spool_folder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "observe/log.hpp"

namespace obleth::adapters {
namespace {

constexpr std::string_view segment_suffix = ".seg";
constexpr std::string_view range_suffix = ".rng";
constexpr const char* quarantine_folder = "quarantine";
constexpr mode_t owner_only = 0600;
constexpr mode_t owner_folder = 0700;

std::string file_name(Bits128 segment, std::string_view suffix) {
  return to_hex32(segment) + std::string(suffix);
}

Fault unusable(const std::string& folder, int error) {
  return store_fault(FaultKind::unavailable,
                     "The spool's folder '" + folder + "' cannot be used: " + std::strerror(error) + ".");
}

std::set<std::string> names_in(int folder) {
  std::set<std::string> names;
  const int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* const listing = copy < 0 ? nullptr : fdopendir(copy);
  if (listing == nullptr) {
    if (copy >= 0) ::close(copy);
    return names;
  }
  while (const dirent* const entry = readdir(listing))
    names.emplace(entry->d_name);
  closedir(listing);
  return names;
}

std::uint64_t size_of(int fd) {
  struct stat told{};
  return fstat(fd, &told) == 0 ? static_cast<std::uint64_t>(told.st_size) : 0;
}

// False: errno says why.
bool write_whole(int fd, std::string_view bytes) {
  errno = ENOSPC;  // what a short write leaves unsaid
  return pwrite(fd, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size());
}

}  // namespace

Result<void> SpoolFolder::open() {
  const std::lock_guard lock(mutex_);
  if (opened_) return {};
  std::error_code problem;
  std::filesystem::create_directories(settings_.folder, problem);
  FileDescriptor folder(::open(settings_.folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open()) return fail(unusable(settings_.folder, problem ? problem.value() : errno));
  // The folder itself is locked, so that a read-only one can be, too.
  if (flock(folder.get(), LOCK_EX | LOCK_NB) != 0) {
    return fail(store_fault(FaultKind::conflict, "The spool's folder '" + settings_.folder +
                                                     "' is in use by another process. Give each its own "
                                                     "OBLETH_DATA_DIR."));
  }
  folder_ = std::move(folder);
  Result<void> listed = list_former();
  if (!listed) return listed;
  opened_ = true;
  return {};
}

Result<void> SpoolFolder::list_former() {
  const std::set<std::string> names = names_in(folder_.get());
  for (const std::string& name : names) {
    if (name.ends_with(segment_suffix)) {
      if (auto segment = open_former(name)) former_.push_back(std::move(segment));
    } else if (name.ends_with(range_suffix)) {
      const std::string of = name.substr(0, name.size() - range_suffix.size());
      if (!names.contains(of + std::string(segment_suffix))) unlinkat(folder_.get(), name.c_str(), 0);
    }
  }
  return {};
}

std::shared_ptr<SegmentFile> SpoolFolder::open_former(const std::string& name) {
  const auto id = bits128_from_text(std::string_view(name).substr(0, name.size() - segment_suffix.size()));
  if (!id) return nullptr;
  FileDescriptor file(openat(folder_.get(), name.c_str(), O_RDWR | O_CLOEXEC));
  if (!file.is_open()) file = FileDescriptor(openat(folder_.get(), name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) {
    observe::log(observe::LogLevel::error, "a segment of the spool cannot be opened",
                 {{"segment", name}, {"reason", std::strerror(errno)}});
    return nullptr;
  }
  const std::uint64_t size = size_of(file.get());
  auto segment = std::make_shared<SegmentFile>(*id, std::move(file), size);
  segment->is_former = true;
  segment->closed = true;
  segment->synced_bytes = size;
  return segment;
}

std::vector<std::shared_ptr<SegmentFile>> SpoolFolder::take_former() {
  const std::lock_guard lock(mutex_);
  std::ranges::sort(former_, {}, &SegmentFile::id);
  return std::exchange(former_, {});
}

std::expected<std::shared_ptr<SegmentFile>, int> SpoolFolder::make_segment(Bits128 id) {
  const std::string name = file_name(id, segment_suffix);
  const std::string ranges_name = file_name(id, range_suffix);
  FileDescriptor ranges(openat(folder_.get(), ranges_name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, owner_only));
  int error = ranges.is_open() ? RangeFile::reserve(ranges.get()) : errno;
  if (error == 0) {
    FileDescriptor file(openat(folder_.get(), name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, owner_only));
    const auto head = segment_head(id);
    if (file.is_open() && write_whole(file.get(), {head.data(), head.size()})) {
      return std::make_shared<SegmentFile>(id, std::move(file), segment_head_bytes);
    }
    error = errno;
    if (file.is_open()) unlinkat(folder_.get(), name.c_str(), 0);
  }
  if (ranges.is_open()) unlinkat(folder_.get(), ranges_name.c_str(), 0);
  return std::unexpected(error);
}

Result<std::unique_ptr<RangeFile>> SpoolFolder::open_ranges(const SegmentFile& segment) {
  const std::string name = file_name(segment.id, range_suffix);
  FileDescriptor file(openat(folder_.get(), name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, owner_only));
  if (!file.is_open()) return fail(unusable(settings_.folder, errno));
  auto ranges = std::make_unique<RangeFile>(std::move(file), segment.seed);
  ranges->load();
  return ranges;
}

// The segment first: without its ranges it would be delivered in others.
void SpoolFolder::remove(const SegmentFile& segment) {
  unlinkat(folder_.get(), file_name(segment.id, segment_suffix).c_str(), 0);
  sync_names();
  unlinkat(folder_.get(), file_name(segment.id, range_suffix).c_str(), 0);
}

void SpoolFolder::sync_names() const {
  fsync(folder_.get());
}

bool SpoolFolder::quarantine(const SegmentFile& segment, std::uint64_t offset, std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  mkdirat(folder_.get(), quarantine_folder, owner_folder);
  const FileDescriptor folder(openat(folder_.get(), quarantine_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open()) return false;
  std::uint64_t kept_bytes = 0;
  for (const std::string& name : names_in(folder.get())) {
    struct stat told{};
    if (fstatat(folder.get(), name.c_str(), &told, 0) == 0 && S_ISREG(told.st_mode)) {
      kept_bytes += static_cast<std::uint64_t>(told.st_size);
    }
  }
  if (kept_bytes + bytes.size() > settings_.quarantine_bytes_max) return false;
  const std::string name = to_hex32(segment.id) + "-" + std::to_string(offset);
  const FileDescriptor file(openat(folder.get(), name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, owner_only));
  return file.is_open() && write_whole(file.get(), bytes);
}

}  // namespace obleth::adapters
