#include "cli/admin_connection.hpp"

#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace obleth::cli {
namespace {

std::unexpected<Fault> unreachable(const std::string& name, const std::string& why) {
  return fail({FaultKind::unreachable, FaultSource::upstream, true, "cannot reach " + name + ": " + why, {}});
}

std::unexpected<Fault> closed(const std::string& name) {
  return fail({FaultKind::broken, FaultSource::upstream, true, name + " closed the connection", {}});
}

bool was_closed() {
  return errno == EPIPE || errno == ECONNRESET;
}

std::string why_failed() {
  return std::generic_category().message(errno == EAGAIN ? ETIMEDOUT : errno);
}

std::string why_tls_failed(ssl_st* session) {
  const long verified = SSL_get_verify_result(session);
  if (verified != X509_V_OK) return X509_verify_cert_error_string(verified);
  const unsigned long code = ERR_get_error();
  return code == 0 ? "the TLS handshake failed" : ERR_reason_error_string(code);
}

}  // namespace

AdminConnection::SocketOwner::~SocketOwner() {
  if (socket_ >= 0) close(socket_);
}
void AdminConnection::FreeTls::operator()(ssl_ctx_st* settings) const {
  SSL_CTX_free(settings);
}
void AdminConnection::FreeTls::operator()(ssl_st* session) const {
  SSL_free(session);
}

Result<AdminConnection> AdminConnection::open(const UpstreamAddress& server, std::chrono::seconds wait_max) {
  AdminConnection made;
  made.name_ = server.authority;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int resolved = getaddrinfo(server.host.c_str(), std::to_string(server.port).c_str(), &hints, &found);
  if (resolved != 0) return unreachable(made.name_, gai_strerror(resolved));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, freeaddrinfo);
  std::string why = "no address";
  for (const addrinfo* each = addresses.get(); each != nullptr; each = each->ai_next) {
    SocketOwner socket(::socket(each->ai_family, each->ai_socktype | SOCK_CLOEXEC, each->ai_protocol));
    const timeval limit{.tv_sec = wait_max.count(), .tv_usec = 0};
    setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);  // holds for connect, too
    if (connect(socket.get(), each->ai_addr, each->ai_addrlen) == 0) {
      made.socket_ = std::move(socket);
      break;
    }
    why = why_failed();
  }
  if (made.socket_.get() < 0) return unreachable(made.name_, why);
  if (server.tls) {
    if (Result<void> secured = made.begin_tls(server.host); !secured) return fail(std::move(secured.error()));
  }
  return made;
}

Result<void> AdminConnection::begin_tls(const std::string& host) {
  tls_settings_.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_min_proto_version(tls_settings_.get(), TLS1_2_VERSION);
  SSL_CTX_set_default_verify_paths(tls_settings_.get());
  SSL_CTX_set_verify(tls_settings_.get(), SSL_VERIFY_PEER, nullptr);
  tls_.reset(SSL_new(tls_settings_.get()));
  // An address is checked against the certificate's addresses, a name against its names; only names are sent (SNI).
  const bool is_address = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls_.get()), host.c_str()) == 1;
  if (!is_address) {
    SSL_set1_host(tls_.get(), host.c_str());
    SSL_set_tlsext_host_name(tls_.get(), host.c_str());
  }
  SSL_set_fd(tls_.get(), socket_.get());
  if (SSL_connect(tls_.get()) != 1) return unreachable(name_, why_tls_failed(tls_.get()));
  return {};
}

Result<void> AdminConnection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    std::size_t sent = 0;
    if (tls_) {
      errno = 0;
      if (SSL_write_ex(tls_.get(), bytes.data(), bytes.size(), &sent) != 1)
        return was_closed() ? closed(name_) : unreachable(name_, "TLS write failed");
    } else {
      const ssize_t wrote = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0) return was_closed() ? closed(name_) : unreachable(name_, why_failed());
      sent = static_cast<std::size_t>(wrote);
    }
    bytes.remove_prefix(sent);
  }
  return {};
}

Result<bool> AdminConnection::receive(std::string& buffer) {
  std::array<char, 16 * 1024> piece;
  if (tls_) {
    std::size_t got = 0;
    const int outcome = SSL_read_ex(tls_.get(), piece.data(), piece.size(), &got);
    if (outcome == 1) {
      buffer.append(piece.data(), got);
      return true;
    }
    if (SSL_get_error(tls_.get(), outcome) == SSL_ERROR_ZERO_RETURN) return false;
    return unreachable(name_, "the connection broke");
  }
  ssize_t got = 0;
  do {
    got = recv(socket_.get(), piece.data(), piece.size(), 0);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return unreachable(name_, why_failed());
  buffer.append(piece.data(), static_cast<std::size_t>(got));
  return got > 0;
}

}  // namespace obleth::cli
