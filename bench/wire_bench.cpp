// What reading and writing the bytes of a request costs, per call, on one core: heads, bodies, events.
#include <benchmark/benchmark.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "wire/header_rules.hpp"
#include "wire/http_head.hpp"
#include "wire/request_body.hpp"
#include "wire/sse_scanner.hpp"

namespace obleth::wire {
namespace {

// What people write, and what they paste.
constexpr std::array<std::string_view, 4> sentences = {
    "The quick brown fox jumps over the lazy dog, 42 times over the hills. ",
    R"(  if (line == \"x\") {\n    return values[42];\n  }\n)",
    "Die Stra\xC3\x9F"
    "e ist l\xC3\xA4nger als \xC3\xBC"
    "blich. ",
    "\xE6\x95\x8F\xE6\x8D\xB7\xE7\x9A\x84\xE7\x8B\x90\xE7\x8B\xB8\xE3\x80\x82"};

std::string chat_body(std::size_t prompt_bytes, std::string_view sentence = sentences[0]) {
  std::string prompt;
  while (prompt.size() < prompt_bytes)
    prompt += sentence;
  return R"({"model":"llama-3-70b","messages":[{"role":"system","content":"You are helpful."},{"role":"user","content":")" +
         prompt + R"("}],"temperature":0.7,"max_tokens":512,"stream":true})";
}

void read_body(benchmark::State& state) {
  const std::string body = chat_body(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state)
    benchmark::DoNotOptimize(read_request_body(body, Dialect::chat));
  state.SetBytesProcessed(static_cast<std::int64_t>(body.size()) * state.iterations());
}
BENCHMARK(read_body)->Arg(200)->Arg(840)->Arg(4'000)->Arg(128'000)->Arg(1'000'000);

// Prose, code, German, Chinese.
void read_body_of_text(benchmark::State& state) {
  const std::string body = chat_body(128'000, sentences[static_cast<std::size_t>(state.range(0))]);
  for (auto _ : state)
    benchmark::DoNotOptimize(read_request_body(body, Dialect::chat));
  state.SetBytesProcessed(static_cast<std::int64_t>(body.size()) * state.iterations());
}
BENCHMARK(read_body_of_text)->DenseRange(0, sentences.size() - 1);

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

// One event of about 200 bytes, as vLLM writes them: usage taken out or not, and in one piece or cut into two.
void scan_content_event(benchmark::State& state) {
  const std::string event =
      R"(data: {"id":"chatcmpl-8f14e45fceea167a","object":"chat.completion.chunk","created":1721000000,)"
      R"("model":"llama-3-70b","choices":[{"index":0,"delta":{"content":" token"},"logprobs":null,"finish_reason":null}]})"
      "\n\n";
  const std::size_t first_bytes = state.range(1) == 1 ? event.size() : event.size() / 2;
  SseScanner scanner(state.range(0) != 0);
  std::vector<std::string_view> out;
  for (auto _ : state) {
    out.clear();
    scanner.feed(std::string_view(event).substr(0, first_bytes), out);
    if (first_bytes < event.size()) scanner.feed(std::string_view(event).substr(first_bytes), out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(event.size()) * state.iterations());
}
BENCHMARK(scan_content_event)->ArgNames({"strip", "pieces"})->ArgsProduct({{0, 1}, {1, 2}});

// As OpenAI's SDK for Python sends it.
constexpr std::string_view request_head =
    "POST /v1/chat/completions HTTP/1.1\r\nHost: gateway.example.com\r\nAccept-Encoding: gzip, deflate\r\n"
    "Connection: keep-alive\r\nAccept: application/json\r\nContent-Type: application/json\r\n"
    "User-Agent: OpenAI/Python 1.99.0\r\nX-Stainless-Lang: python\r\nX-Stainless-Package-Version: 1.99.0\r\n"
    "X-Stainless-OS: Linux\r\nX-Stainless-Arch: x64\r\nX-Stainless-Runtime: CPython\r\n"
    "X-Stainless-Runtime-Version: 3.11.2\r\nAuthorization: Bearer sk_92fafeb5d68f065417f3f48fc37b10ac88a6060b\r\n"
    "X-Stainless-Async: false\r\nx-stainless-retry-count: 0\r\nContent-Length: 1024\r\n\r\n";
constexpr std::string_view response_head =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Sun, 22 Nov 2026 14:00:00 GMT\r\nServer: uvicorn\r\n"
    "x-request-id: req_0123456789abcdef\r\nx-ratelimit-limit-tokens: 1000\r\nContent-Length: 856\r\n\r\n";

void parse_request(benchmark::State& state) {
  RequestHead head;
  for (auto _ : state)
    benchmark::DoNotOptimize(parse_request_head(request_head, 0, HeadLimits{}, head));
}
BENCHMARK(parse_request);

void parse_response(benchmark::State& state) {
  ResponseHead head;
  for (auto _ : state)
    benchmark::DoNotOptimize(parse_response_head(response_head, 0, HeadLimits{}, "POST", head));
}
BENCHMARK(parse_response);

void forward_headers(benchmark::State& state) {
  RequestHead head;
  benchmark::DoNotOptimize(parse_request_head(request_head, 0, HeadLimits{}, head));
  const ForwardedExtras extras{.authority = "127.0.0.1:8000",
                               .credential = "Bearer upstream",
                               .request_id = "62c2ed0591d8ab8e9ed7dba7f039f7a3",
                               .traceparent = "00-62c2ed0591d8ab8e9ed7dba7f039f7a3-9ed7dba7f039f7a3-01",
                               .identity_encoding = true,
                               .strip = {},
                               .add = {}};
  for (auto _ : state) {
    std::string lines;
    append_forwarded_headers(lines, head, extras);
    benchmark::DoNotOptimize(lines.data());
  }
}
BENCHMARK(forward_headers);

void relay_headers(benchmark::State& state) {
  ResponseHead head;
  benchmark::DoNotOptimize(parse_response_head(response_head, 0, HeadLimits{}, "POST", head));
  for (auto _ : state) {
    std::string lines;
    append_relayed_headers(lines, head);
    benchmark::DoNotOptimize(lines.data());
  }
}
BENCHMARK(relay_headers);

}  // namespace
}  // namespace obleth::wire
