// What writing the line of one request into the log costs, on one core.
#include <benchmark/benchmark.h>

#include <array>
#include <string>

#include "observe/log_line.hpp"

namespace obleth::observe {
namespace {

void write_request_line(benchmark::State& state) {
  const std::array<LogField, 20> fields = {{{"id", "62c2ed0591d8ab8e9ed7dba7f039f7a3"},
                                            {"tenant", "bench"},
                                            {"model", "llama-3-70b"},
                                            {"route", "/v1/chat/completions"},
                                            {"endpoint", "http://127.0.0.1:38981/v1"},
                                            {"status", 200},
                                            {"error", ""},
                                            {"admission", "fast"},
                                            {"stream", false},
                                            {"input_tokens", 213},
                                            {"cached_tokens", 0},
                                            {"output_tokens", 16},
                                            {"reasoning_tokens", 0},
                                            {"usage", "upstream"},
                                            {"cost", "0.000245"},
                                            {"queue_ms", 0},
                                            {"ttft_ms", 90},
                                            {"total_ms", 113},
                                            {"overhead_us", 85},
                                            {"retries", 0}}};
  std::string line;
  for (auto _ : state) {
    line.clear();
    append_json_line(line, {{1'790'000'000'123}, LogLevel::info, "request", fields});
    benchmark::DoNotOptimize(line.data());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(line.size()) * state.iterations());
}
BENCHMARK(write_request_line);

}  // namespace
}  // namespace obleth::observe
