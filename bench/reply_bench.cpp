// What watching an upstream's answer for its usage costs, per call, on one core: answers as vLLM writes them.
#include <benchmark/benchmark.h>

#include <string>

#include "wire/usage_extract.hpp"

namespace obleth::wire {
namespace {

std::string chat_answer(std::size_t tokens) {
  std::string text;
  for (std::size_t token = 0; token < tokens; ++token)
    text += " token";
  return R"({"id":"chatcmpl-8f14e45fceea167a","object":"chat.completion","created":1721000000,"model":"llama-3-70b",)"
         R"("choices":[{"index":0,"message":{"role":"assistant","content":")" +
         text +
         R"(","refusal":null,"tool_calls":[]},"logprobs":null,"finish_reason":"stop","stop_reason":null}],)"
         R"("usage":{"prompt_tokens":212,"total_tokens":228,"completion_tokens":16,)"
         R"("prompt_tokens_details":{"cached_tokens":128}},"prompt_logprobs":null})";
}

void find_usage_of_answer(benchmark::State& state) {
  const std::string body = chat_answer(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    UsageTokenizer tokenizer;
    tokenizer.feed(body);
    benchmark::DoNotOptimize(tokenizer.finish());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(body.size()) * state.iterations());
}
BENCHMARK(find_usage_of_answer)->Arg(16)->Arg(1'000);

}  // namespace
}  // namespace obleth::wire
