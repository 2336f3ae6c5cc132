// Certificates and rules for TLS, server side and client side. TLS 1.2 and later.
//
// Clients ask for http/1.1 by ALPN; servers answer no ALPN at all, which means the same to every client. Any thread. A
// server's files can be loaded again (SIGHUP): sessions under way keep what they began with.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "base/result.hpp"

struct ssl_ctx_st;

namespace obleth::adapters {

class TlsCredentials {
 public:
  // PEM files; the certificate file holds the chain. Fault: invalid, naming the file.
  [[nodiscard]] static Result<std::shared_ptr<TlsCredentials>> for_server(std::string certificate_file,
                                                                          std::string key_file);
  // The system's authorities, and those of extra_authorities_file (PEM; empty = none).
  [[nodiscard]] static Result<std::shared_ptr<TlsCredentials>> for_client(const std::string& extra_authorities_file);

  // Reads the server's files again; on a fault the former ones stay in use.
  [[nodiscard]] Result<void> reload();

  using Handle = std::shared_ptr<ssl_ctx_st>;
  [[nodiscard]] Handle handle() const;
  [[nodiscard]] bool is_server() const { return is_server_; }

 private:
  TlsCredentials() = default;
  bool is_server_ = false;
  std::string certificate_file_;
  std::string key_file_;
  mutable std::mutex mutex_;
  Handle handle_;
};

}  // namespace obleth::adapters
