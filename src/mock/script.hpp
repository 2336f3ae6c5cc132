// The tokens of an answer: deterministic words, or the pieces of a text that the request forces.
//
// Pieces are given as the inside of a JSON string, so that an event is three appends. Pure; one per request.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace obleth::mock {

class Script {
 public:
  Script() = default;                        // words without end
  explicit Script(std::string_view forced);  // exactly this text
  [[nodiscard]] std::string_view piece(std::int64_t token) const;
  // The first tokens of it as one text.
  void append(std::string& out, std::int64_t tokens) const;
  [[nodiscard]] bool is_forced() const { return is_forced_; }
  [[nodiscard]] std::int64_t forced_tokens() const { return static_cast<std::int64_t>(pieces_.size()); }

 private:
  bool is_forced_ = false;
  std::vector<std::string> pieces_;
};

}  // namespace obleth::mock
