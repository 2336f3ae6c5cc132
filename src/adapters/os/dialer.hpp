// Opens connections: resolve, check every address against the policy, connect to the first that answers, TLS.
//
// Any thread; the socket belongs to the loop that asked for it.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "adapters/os/address_policy.hpp"
#include "adapters/os/resolver.hpp"
#include "adapters/os/socket.hpp"
#include "adapters/os/tls_credentials.hpp"
#include "base/result.hpp"
#include "base/task.hpp"

namespace obleth::adapters {

// How long an attempt may take, and who may call it off.
struct DialLimits {
  Instant deadline;
  CancelSignal* cancel = nullptr;
};

// Tries the addresses in turn, each with its share of the time left. TCP_NODELAY is set.
// Faults (source: upstream): unreachable, timed_out, cancelled; exhausted (no descriptors, source: us).
[[nodiscard]] Task<Result<std::unique_ptr<Socket>>> connect_to(EpollLoop& loop, std::span<const NetAddress> addresses,
                                                               DialLimits limits);

class Dialer {
 public:
  // tls: for https; may be null when none is ever dialled.
  Dialer(Resolver& resolver, AddressPolicy policy, std::shared_ptr<const TlsCredentials> tls);

  // Faults: those of resolve, connect_to and TlsSocket::handshake; forbidden when every address is refused.
  [[nodiscard]] Task<Result<std::unique_ptr<Socket>>> dial(EpollLoop& loop, const std::string& host, std::uint16_t port,
                                                           bool use_tls, DialLimits limits) const;

 private:
  Resolver& resolver_;
  AddressPolicy policy_;
  std::shared_ptr<const TlsCredentials> tls_;
};

}  // namespace obleth::adapters
