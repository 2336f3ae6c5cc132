// What the mock reads of a request's body, in each dialect's own words.
//
// Pure; any thread. Prompt tokens are a plain count, the same for the same body: a quarter of the text's bytes, given
// token ids as they are, and a few for every message.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace obleth::mock {

enum class Dialect : std::uint8_t { chat, completions, embeddings, responses, messages, count_tokens, rerank };

// What is answered in one piece, with no tokens generated.
[[nodiscard]] constexpr bool only_reads(Dialect dialect) {
  return dialect == Dialect::embeddings || dialect == Dialect::count_tokens || dialect == Dialect::rerank;
}

inline constexpr std::int64_t choices_max = 128;
inline constexpr std::int64_t embedding_inputs_max = 4096;
inline constexpr std::int64_t embedding_dimensions_max = 4096;
inline constexpr std::int64_t embedding_dimensions_default = 64;

struct ForcedCall {
  std::string name;       // the function that the request forces
  std::string arguments;  // JSON that its schema accepts
};

struct ModelRequest {
  Dialect dialect = Dialect::chat;
  std::string model;  // empty: the request names none
  bool stream = false;
  bool include_usage = false;
  std::optional<std::int64_t> output_cap;  // max_tokens and its siblings
  std::int64_t min_tokens = 0;
  bool ignore_eos = false;   // generates up to the cap
  std::int64_t choices = 1;  // n, times the prompts of a completions request
  std::int64_t prompt_tokens = 1;
  std::optional<ForcedCall> call;
  std::optional<std::string> forced_text;  // structured output: JSON that the schema accepts
  // Embeddings.
  bool base64 = false;
  std::int64_t dimensions = embedding_dimensions_default;
  std::vector<std::uint64_t> input_seeds;  // one per input, from its text
  // Rerank.
  std::vector<std::string> documents;
};

// Fault: invalid, with the member at fault.
[[nodiscard]] Result<ModelRequest> read_model_request(Dialect dialect, std::string_view body);

}  // namespace obleth::mock
