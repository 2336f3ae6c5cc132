// How many connections the listeners may hold, as far as the process's file descriptors go. Pure; any thread.
#pragma once

#include <cstdint>

#include "base/result.hpp"

namespace obleth::app {

struct ConnectionBounds {
  std::uint32_t clients = 0;    // of the data plane
  std::uint32_t operators = 0;  // of the Management API, and as many of the metrics page
};

// clients_wanted: what the settings say. threads: event loops of the data plane. descriptors: all that the process may
// open. What stores, spool and loops need is never a client's, nor are the first connections upstream. Fault:
// exhausted, where that leaves hardly a client.
[[nodiscard]] Result<ConnectionBounds> connection_bounds(std::uint32_t clients_wanted, std::uint32_t threads,
                                                         std::uint64_t descriptors);

}  // namespace obleth::app
