// Stage 2, identify: whose request is it, and may that key be used now? Connection's thread.
#pragma once

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
Task<Outcome<Identified>> identify_tenant(Received received, KeySources sources);

}  // namespace obleth::gateway
