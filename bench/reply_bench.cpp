// What watching an upstream's answer for its usage costs, per call, on one core: answers as vLLM writes them.
#include <benchmark/benchmark.h>

#include <string>
#include <string_view>

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

// In pieces of so many bytes, as sockets give it.
void find_usage_of_pieces(benchmark::State& state) {
  const std::string body = chat_answer(1'000);
  const auto piece_bytes = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    UsageTokenizer tokenizer;
    for (std::size_t at = 0; at < body.size(); at += piece_bytes)
      tokenizer.feed(std::string_view(body).substr(at, piece_bytes));
    benchmark::DoNotOptimize(tokenizer.finish());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(body.size()) * state.iterations());
}
BENCHMARK(find_usage_of_pieces)->Arg(64)->Arg(1'400);

// Numbers by the thousand, as embeddings are.
void find_usage_of_numbers(benchmark::State& state) {
  std::string body = R"({"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5)";
  for (int number = 0; number < 4'000; ++number)
    body += ",-0.0123456";
  body += R"(]}],"model":"bge-m3","usage":{"prompt_tokens":9,"total_tokens":9}})";
  for (auto _ : state) {
    UsageTokenizer tokenizer;
    tokenizer.feed(body);
    benchmark::DoNotOptimize(tokenizer.finish());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(body.size()) * state.iterations());
}
BENCHMARK(find_usage_of_numbers);

}  // namespace
}  // namespace obleth::wire
