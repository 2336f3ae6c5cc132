// The load of `bench/run path`: prints "begin" when its window begins and one line of JSON when it has ended.
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <vector>

#include "load/load_run.hpp"

namespace {

// Microseconds; 0 where nothing was measured.
std::uint32_t percentile(std::vector<std::uint32_t>& times, double part) {
  if (times.empty()) return 0;
  const auto at = static_cast<std::ptrdiff_t>(part * static_cast<double>(times.size() - 1));
  std::ranges::nth_element(times, times.begin() + at);
  return times[static_cast<std::size_t>(at)];
}

}  // namespace

int main(int argc, char** argv) {
  obleth::bench::LoadPlan plan;
  std::string request_file;
  std::string secrets_file;
  CLI::App parser("Sends one request over and over to a port of this machine and counts what comes back.");
  parser.add_option("--port", plan.port, "on 127.0.0.1")->required();
  parser.add_option("--request", request_file, "file with the bytes of the request")->required();
  parser.add_option("--secrets", secrets_file,
                    "file with a secret a line, used in turns; the request has the first one");
  parser.add_option("--connections", plan.connections)->capture_default_str();
  parser.add_option("--rate", plan.rate, "requests per second; 0: as fast as they are answered")->capture_default_str();
  parser.add_option("--warm-up", plan.warm_up_seconds, "seconds before the window")->capture_default_str();
  parser.add_option("--seconds", plan.seconds, "length of the window")->capture_default_str();
  CLI11_PARSE(parser, argc, argv);
  std::ifstream file(request_file, std::ios::binary);
  plan.request.assign(std::istreambuf_iterator<char>(file), {});
  std::ifstream secrets(secrets_file);
  for (std::string secret; std::getline(secrets, secret);)
    plan.secrets.push_back(secret);

  obleth::bench::LoadReport report = obleth::bench::run_load(plan, [] {
    std::puts("begin");
    std::fflush(stdout);
  });
  std::printf(
      "{\"requests\":%llu,\"failed\":%llu,\"events\":%llu,\"seconds\":%.6f,"
      "\"p50_us\":%u,\"p99_us\":%u,\"first_byte_p50_us\":%u,\"first_byte_p99_us\":%u}\n",
      static_cast<unsigned long long>(report.requests), static_cast<unsigned long long>(report.failed),
      static_cast<unsigned long long>(report.events), report.seconds, percentile(report.latencies, 0.5),
      percentile(report.latencies, 0.99), percentile(report.first_bytes, 0.5), percentile(report.first_bytes, 0.99));
}
