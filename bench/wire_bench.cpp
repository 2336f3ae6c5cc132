// What reading a request body and watching a stream cost, per call, on one core.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "wire/request_body.hpp"
#include "wire/sse_scanner.hpp"

namespace obleth::wire {
namespace {

std::string chat_body(std::size_t prompt_bytes) {
  std::string prompt;
  while (prompt.size() < prompt_bytes)
    prompt += "The quick brown fox jumps over the lazy dog, 42 times.\\n";
  return R"({"model":"llama-3-70b","messages":[{"role":"system","content":"You are helpful."},{"role":"user","content":")" +
         prompt + R"("}],"temperature":0.7,"max_tokens":512,"stream":true})";
}

void read_body(benchmark::State& state) {
  const std::string body = chat_body(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state)
    benchmark::DoNotOptimize(read_request_body(body, Dialect::chat));
  state.SetBytesProcessed(static_cast<std::int64_t>(body.size()) * state.iterations());
}
BENCHMARK(read_body)->Arg(200)->Arg(4'000)->Arg(64'000)->Arg(4'000'000);

void patch_body(benchmark::State& state) {
  const std::string body = chat_body(4'000);
  const auto fields = std::get<RequestFields>(read_request_body(body, Dialect::chat));
  const BodyPatch patch{.model = "meta-llama/Llama-3-70B", .output_cap = {}, .include_usage = true};
  for (auto _ : state) {
    const PatchedBody patched(body, fields, patch);
    benchmark::DoNotOptimize(patched.size());
  }
}
BENCHMARK(patch_body);

// One event of about 200 bytes, as vLLM writes them.
void scan_content_event(benchmark::State& state) {
  const std::string event =
      R"(data: {"id":"chatcmpl-8f14e45fceea167a","object":"chat.completion.chunk","created":1721000000,)"
      R"("model":"llama-3-70b","choices":[{"index":0,"delta":{"content":" token"},"logprobs":null,"finish_reason":null}]})"
      "\n\n";
  SseScanner scanner(state.range(0) != 0);
  std::vector<std::string_view> out;
  for (auto _ : state) {
    out.clear();
    scanner.feed(event, out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(event.size()) * state.iterations());
}
BENCHMARK(scan_content_event)->Arg(0)->Arg(1);

void tokenize_usage(benchmark::State& state) {
  const std::string body = R"({"choices":[{"message":{"content":")" + std::string(4'000, 'x') +
                           R"("}}],"usage":{"prompt_tokens":10,"completion_tokens":1000}})";
  for (auto _ : state) {
    UsageTokenizer tokenizer;
    tokenizer.feed(body);
    benchmark::DoNotOptimize(tokenizer.finish());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(body.size()) * state.iterations());
}
BENCHMARK(tokenize_usage);

}  // namespace
}  // namespace obleth::wire
