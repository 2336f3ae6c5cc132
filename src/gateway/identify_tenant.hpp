// Stage 2, identify: whose request is it, and may that key be used now? Connection's thread.
#pragma once

#include <optional>
#include <string_view>

#include "gateway/failed_key_throttle.hpp"
#include "gateway/refuse.hpp"
#include "gateway/request_states.hpp"
#include "ports/key_directory.hpp"

namespace obleth::gateway {

struct KeySources {
  ports::KeyDirectory& keys;
  FailedKeyThrottle& throttle;
};

// The key is checked on the head, before any of the body is read.
Task<Outcome<Identified>> identify_tenant(Received&& received, KeySources sources);
Task<Outcome<Identified>> identify_tenant(Identified&& again, KeySources sources) = delete;

// The key that a request carries: Authorization wins over x-api-key; the grammar has refused a second Authorization.
[[nodiscard]] Outcome<std::string_view> presented_key(const HeaderBlock& fields);
// Why this key may not be used at this time.
[[nodiscard]] std::optional<Refusal> closed_to(const ResolvedKey& who, WallTime now);

}  // namespace obleth::gateway
