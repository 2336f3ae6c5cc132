// TLS behind the Socket seam, on OpenSSL over the non-blocking descriptor. Thread: its loop's.
//
// The handshake comes first and has its own deadline; after it, readable, read_some, write_all and close are the same
// as in the clear. Record buffers are released while nothing is in flight.
#pragma once

#include <memory>
#include <string>

#include "adapters/os/socket.hpp"
#include "adapters/os/tls_credentials.hpp"
#include "base/result.hpp"
#include "base/task.hpp"

struct ssl_st;

namespace obleth::adapters {

class TlsSocket final : public Socket {
 public:
  // server_name: client side only, the name to ask for (SNI) and to verify; an address literal is verified as one.
  TlsSocket(EpollLoop& loop, FileDescriptor fd, const TlsCredentials& settings, const std::string& server_name = {});
  ~TlsSocket() override;

  // Faults: timed_out, cancelled, broken (the peer left), forbidden (certificate not trusted or for another name).
  [[nodiscard]] Task<Result<void>> handshake(Instant deadline, CancelSignal* cancel = nullptr);

  [[nodiscard]] IoOutcome read_some(std::span<char> into) override;
  [[nodiscard]] IoOutcome write_some(std::span<const std::string_view> pieces, std::size_t skip) override;
  // Session tickets and the like are taken out of the way first.
  [[nodiscard]] bool is_quiet() override;
  void shutdown_write() override;
  [[nodiscard]] bool is_tls() const override { return true; }

 private:
  struct Free {
    void operator()(ssl_st* session) const noexcept;
  };
  [[nodiscard]] IoOutcome outcome_of(int returned);

  TlsCredentials::Handle settings_;
  std::unique_ptr<ssl_st, Free> session_;
};

}  // namespace obleth::adapters
