// One answer of Redis (RESP2), and the commands that ask for it. Values; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace obleth::adapters {

struct RedisReply {
  enum class Kind : std::uint8_t { nil, text, status, error, integer, array };

  Kind kind = Kind::nil;
  std::string text;  // of text, status and error
  std::int64_t integer = 0;
  std::vector<RedisReply> items;

  [[nodiscard]] bool is_nil() const { return kind == Kind::nil; }
  [[nodiscard]] bool is_error() const { return kind == Kind::error; }
  [[nodiscard]] bool is_text() const { return kind == Kind::text || kind == Kind::status; }
  [[nodiscard]] bool is_array() const { return kind == Kind::array; }
  // The first word of an error: "NOSCRIPT", "OOM", "ERR"; empty when it is none.
  [[nodiscard]] std::string_view error_code() const {
    return is_error() ? std::string_view(text).substr(0, text.find(' ')) : std::string_view();
  }
};

struct RedisCommand {
  std::string_view operation;  // what it is for: a label of metrics, from a closed set; outlives the call
  std::vector<std::string> words;
};

// The command as it goes over the wire, appended.
void append_command(std::string& out, const std::vector<std::string>& words);

}  // namespace obleth::adapters
