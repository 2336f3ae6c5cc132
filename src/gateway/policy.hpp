// The operator's settings that the request path obeys. Immutable: a change is another one (policy_board.hpp). Any
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/instant.hpp"
#include "ports/upstream.hpp"

namespace obleth::gateway {

enum class PassThrough : std::uint8_t { all, v1, off };

struct Policy {
  std::optional<ports::UpstreamAddress> default_upstream;
  std::uint64_t body_bytes_max = 64ULL << 20;
  std::int64_t n_max = 16;
  PassThrough pass_through = PassThrough::all;
  std::vector<std::string> pass_through_allow;  // inference-server control paths that the operator opened
  std::vector<std::string> strip_headers;
  std::vector<std::string> cors_origins;                      // empty: no CORS; "*" = any
  bool unregistered_models_allowed = false;                   // chat and completions to the default upstream
  Duration default_head_timeout = std::chrono::seconds(300);  // fall-through, where no model says otherwise
  Duration default_idle_timeout = std::chrono::seconds(120);
};

}  // namespace obleth::gateway
