// Where a key is looked up by the hash of its secret: the record, or something nearer in front of it.
//
// Any thread; the task resumes on the caller's loop.
#pragma once

#include <optional>

#include "base/instant.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "domain/api_key.hpp"

namespace obleth::ports {

class KeySource {
 public:
  virtual ~KeySource() = default;
  // By its present hash, or by a former one whose grace is not over. Faults: unavailable, exhausted.
  virtual Task<Result<std::optional<ResolvedKey>>> resolve_key(const SecretHash& hash, WallTime now) = 0;
};

}  // namespace obleth::ports
