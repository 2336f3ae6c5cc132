// Counts the tokens of a prompt, plainly and always the same. Pure.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstdint>

namespace obleth::mock {

inline constexpr std::int64_t bytes_per_token = 4;
inline constexpr std::int64_t tokens_per_message = 3;  // role and separators, as chat templates add them

struct PromptSize {
  std::int64_t bytes = 0;
  std::int64_t token_ids = 0;
  std::int64_t messages = 0;
  [[nodiscard]] std::int64_t tokens() const;  // at least 1
};

// Text, token ids, parts, messages and lists of any of these.
void measure_prompt(const boost::json::value& value, PromptSize& size);

}  // namespace obleth::mock
