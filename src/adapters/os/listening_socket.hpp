// Bound, listening TCP sockets: one per event loop on one port, among which the kernel shares out (SO_REUSEPORT).
//
// Opened at start, so that a taken port is told before anything runs. Any thread.
#pragma once

#include <optional>
#include <vector>

#include "adapters/os/file_descriptor.hpp"
#include "adapters/os/net_address.hpp"
#include "base/result.hpp"

namespace obleth::adapters {

struct ListeningSockets {
  std::vector<FileDescriptor> sockets;
  NetAddress address;  // with the port that was given for port 0
};

// Every one of the sockets must be accepted from: the kernel gives each its share. Faults: conflict (address taken),
// invalid (not an address of this machine), forbidden (privileged port).
[[nodiscard]] Result<ListeningSockets> listen_on(const NetAddress& address, std::size_t count);

struct Accepted {
  FileDescriptor fd;  // non-blocking, TCP_NODELAY
  NetAddress peer;
};
// nullopt: nothing to accept; drained is false when the kernel lacks descriptors or memory, and one tries again later.
struct AcceptOutcome {
  std::optional<Accepted> accepted;
  bool drained = true;
};
[[nodiscard]] AcceptOutcome accept_one(int listening_fd);

}  // namespace obleth::adapters
