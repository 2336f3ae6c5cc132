// How one request is answered: the flags, overlaid by /control, overlaid by the request's own x-mock-* headers.
//
// The same words are used in both: "output-tokens", "prompt-tokens", "ttft-ms", "token-ms", "chunk-bytes", "fail".
// Thread: values, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/http_message.hpp"
#include "mock/mock_options.hpp"

namespace obleth::mock {

enum class Failure : std::uint8_t {
  none,
  status,       // "status:503": an error answer
  refuse,       // closes the connection without an answer
  stall,        // takes the request and never answers
  reset,        // resets the connection without an answer
  reset_after,  // "reset-after:3": that many events, then a reset
  no_usage,     // usage is left out
  no_done,      // a stream ends without its last event
  garbage,      // the head is no HTTP, the body no JSON
  slow_head,    // the head comes slow_head_ms later
};

inline constexpr std::int64_t slow_head_ms = 3'000;
inline constexpr std::int64_t output_tokens_max = 10'000'000;
inline constexpr std::int64_t pause_ms_max = 24LL * 3600 * 1000;
inline constexpr std::int64_t chunk_bytes_max = 16 * 1024 * 1024;

struct Behaviour {
  std::int64_t output_tokens = 0;
  std::optional<std::int64_t> prompt_tokens;  // reported instead of the counted ones
  std::int64_t ttft_ms = 0;
  std::int64_t token_ms = 0;
  std::int64_t chunk_bytes = 0;  // the answer leaves in writes of this size; 0 = one write per token
  Failure failure = Failure::none;
  std::int64_t failure_argument = 0;  // the status, or the number of events
};

// Words and their values, as /control keeps them.
using Words = std::vector<std::pair<std::string, std::string>>;

[[nodiscard]] Behaviour behaviour_from_options(const MockOptions& options);
// False: the word is unknown or its value makes no sense; nothing was changed.
[[nodiscard]] bool apply_word(Behaviour& behaviour, std::string_view word, std::string_view value);
// The name of the first x-mock-* header that makes no sense; empty when all were applied.
[[nodiscard]] std::string_view apply_headers(Behaviour& behaviour, const HeaderBlock& fields);

}  // namespace obleth::mock
