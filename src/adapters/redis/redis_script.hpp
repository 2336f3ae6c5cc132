// A script that Redis runs as one step. Immutable; any thread.
//
// Every script is idempotent: one that a stopped server runs after all, when nobody waits any more, does no harm.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "adapters/redis/redis_reply.hpp"

namespace obleth::adapters {

class RedisScript {
 public:
  // operation: what the script is for, a label of metrics; both outlive the script.
  RedisScript(std::string_view operation, std::string_view text);

  struct Input {
    std::vector<std::string> keys;
    std::vector<std::string> arguments;
  };
  // By its hash; the server answers NOSCRIPT when it does not know the text (any more).
  [[nodiscard]] RedisCommand by_hash(const Input& input) const;
  // With its text, which the server then keeps.
  [[nodiscard]] RedisCommand with_text(const Input& input) const;

 private:
  [[nodiscard]] RedisCommand command(std::string verb, std::string script, const Input& input) const;

  std::string_view operation_;
  std::string text_;
  std::string hash_;  // SHA-1 in hex, as Redis names scripts
};

}  // namespace obleth::adapters
