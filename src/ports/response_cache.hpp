// Whole answers of models whose operator turned the cache on, for a tenant that asks the same again.
//
// A name is a digest of all that makes a question the same, the tenant first: nobody finds what another asked. Nothing
// here ever fails a request: what cannot be known now is not there, and what does not fit is not kept. Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/instant.hpp"
#include "base/task.hpp"
#include "domain/tokens.hpp"
#include "ports/digest.hpp"

namespace obleth::ports {

// Longer answers stream through and are not kept.
inline constexpr std::size_t kept_body_bytes_max = 512 * 1024;

using AnswerName = Sha256;

// A complete 200 answer, as the client saw it that asked first.
struct KeptAnswer {
  std::string head_lines;  // "name: value\r\n" each: those that are true of every replay
  std::string body;
  bool event_stream = false;
  TokenUsage usage;  // what it took to make it, and what a replay saves
  WallTime kept_at;
  WallTime expires_at;
  bool operator==(const KeptAnswer&) const = default;
};

// What it takes of a bound in bytes, its place in a cache included.
[[nodiscard]] inline std::size_t bytes_of(const KeptAnswer& answer) {
  constexpr std::size_t place_bytes = sizeof(KeptAnswer) + 256;
  return place_bytes + answer.head_lines.size() + answer.body.size();
}

class ResponseCache {
 public:
  virtual ~ResponseCache() = default;
  // Null: not there, expired, or it cannot be known now.
  virtual Task<std::shared_ptr<const KeptAnswer>> recall(const AnswerName& name) = 0;
  // Never waits. What has the name already gives way.
  virtual void keep(const AnswerName& name, std::shared_ptr<const KeptAnswer> answer) = 0;
};

}  // namespace obleth::ports
