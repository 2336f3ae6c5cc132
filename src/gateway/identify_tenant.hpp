// Stage 2, identify: whose request is it, and may that key be used now? Connection's thread.
#pragma once

#include "gateway/refuse.hpp"
#include "gateway/request_states.hpp"
#include "ports/key_directory.hpp"

namespace obleth::gateway {

// The key is checked on the head, before any of the body is read.
Task<Outcome<Identified>> identify_tenant(Received received, ports::KeyDirectory& keys);

}  // namespace obleth::gateway
