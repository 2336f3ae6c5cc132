// From the secret that a client sends to the key, tenant and group behind it.
//
// Any thread. A hit in the process's own cache suspends nothing and allocates nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/task.hpp"
#include "domain/api_key.hpp"

namespace obleth::ports {

enum class KeyOutcome : std::uint8_t { found, unknown, unavailable };

struct KeyLookup {
  KeyOutcome outcome = KeyOutcome::unknown;
  std::shared_ptr<const ResolvedKey> resolved;  // set when found
  bool stale = false;                           // served though the stores cannot answer
};

class KeyDirectory {
 public:
  virtual ~KeyDirectory() = default;
  // The secret is well-formed (domain/api_key). Hashing is the directory's own (pepper).
  // What this process knows by itself; nothing: find() has to ask a store.
  [[nodiscard]] virtual std::optional<KeyLookup> recall(std::string_view secret) = 0;
  virtual Task<KeyLookup> find(std::string_view secret) = 0;
  // last_used_at, at most once a minute per key, off the request path.
  virtual void note_use(const KeyId& key, WallTime at) = 0;
};

}  // namespace obleth::ports
