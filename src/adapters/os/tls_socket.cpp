#include "adapters/os/tls_socket.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "adapters/os/net_address.hpp"

namespace obleth::adapters {
namespace {

constexpr std::size_t record_bytes = 16 * 1024;  // the largest TLS record: more would leave as two anyway

void expect_name(SSL* session, const std::string& name) {
  if (NetAddress::parse(name, 0)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), name.c_str());
    return;
  }
  SSL_set_tlsext_host_name(session, name.c_str());
  SSL_set_hostflags(session, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  SSL_set1_host(session, name.c_str());
}

Fault handshake_fault(SSL* session) {
  const long verified = SSL_get_verify_result(session);
  if (verified != X509_V_OK) {
    return upstream_fault(FaultKind::forbidden,
                          std::string("the certificate is refused: ") + X509_verify_cert_error_string(verified), false);
  }
  const unsigned long code = ERR_peek_error();
  const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  return upstream_fault(FaultKind::broken,
                        std::string("the TLS handshake failed: ") + (reason != nullptr ? reason : "the peer left"),
                        true);
}

}  // namespace

void TlsSocket::Free::operator()(ssl_st* session) const noexcept {
  SSL_free(session);
}

TlsSocket::TlsSocket(EpollLoop& loop, FileDescriptor fd, const TlsCredentials& settings, const std::string& server_name)
    : Socket(loop, std::move(fd)), settings_(settings.handle()), session_(SSL_new(settings_.get())) {
  if (session_ == nullptr || SSL_set_fd(session_.get(), this->fd()) != 1) {
    close();
    return;
  }
  if (settings.is_server()) {
    SSL_set_accept_state(session_.get());
  } else {
    SSL_set_connect_state(session_.get());
    expect_name(session_.get(), server_name);
  }
  wake_both_on_any_edge();
}

TlsSocket::~TlsSocket() = default;

Task<Result<void>> TlsSocket::handshake(Instant deadline, CancelSignal* cancel) {
  while (is_open()) {
    ERR_clear_error();
    const int returned = SSL_do_handshake(session_.get());
    if (returned == 1) co_return Result<void>{};
    const IoOutcome outcome = outcome_of(returned);
    if (outcome.state != IoState::would_block) break;
    // Whatever edge comes next, in either direction, is a reason to go on.
    note_read_drained();
    const WaitOutcome waited = co_await readable(deadline, cancel);
    if (waited == WaitOutcome::timed_out) {
      co_return fail(upstream_fault(FaultKind::timed_out, "the TLS handshake took too long", true));
    }
    if (waited == WaitOutcome::cancelled) {
      co_return fail(upstream_fault(FaultKind::cancelled, "the TLS handshake was called off", false));
    }
  }
  Fault fault = handshake_fault(session_.get());
  ERR_clear_error();
  close();
  co_return fail(std::move(fault));
}

IoOutcome TlsSocket::outcome_of(int returned) {
  switch (SSL_get_error(session_.get(), returned)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return {IoState::would_block, 0};
    case SSL_ERROR_ZERO_RETURN:
      note_hangup();
      return {IoState::ended, 0};
    default:
      note_hangup();
      return {IoState::failed, 0};
  }
}

IoOutcome TlsSocket::read_some(std::span<char> into) {
  if (!is_open()) return {IoState::failed, 0};
  ERR_clear_error();
  std::size_t got = 0;
  const int returned = SSL_read_ex(session_.get(), into.data(), into.size(), &got);
  if (returned == 1) return {IoState::moved, got};
  const IoOutcome outcome = outcome_of(returned);
  if (outcome.state == IoState::would_block) note_read_drained();
  return outcome;
}

IoOutcome TlsSocket::write_some(std::span<const std::string_view> pieces, std::size_t skip) {
  if (!is_open()) return {IoState::failed, 0};
  // Gathered first: a record per piece would cost a system call and 22 bytes each.
  static thread_local std::array<char, record_bytes> record;
  std::size_t filled = 0;
  for (std::string_view piece : pieces) {
    const std::size_t skipped = std::min(skip, piece.size());
    skip -= skipped;
    piece.remove_prefix(skipped);
    const std::size_t taken = std::min(piece.size(), record.size() - filled);
    if (taken > 0) std::memcpy(record.data() + filled, piece.data(), taken);
    filled += taken;
    if (filled == record.size()) break;
  }
  ERR_clear_error();
  std::size_t sent = 0;
  const int returned = SSL_write_ex(session_.get(), record.data(), filled, &sent);
  if (returned == 1) return {IoState::moved, sent};
  const IoOutcome outcome = outcome_of(returned);
  if (outcome.state == IoState::would_block) note_write_full();
  if (outcome.state == IoState::ended) return {IoState::failed, 0};
  return outcome;
}

bool TlsSocket::is_quiet() {
  if (Socket::is_quiet()) return true;
  if (!is_open() || hung_up()) return false;
  ERR_clear_error();
  char next = 0;
  std::size_t seen = 0;
  const int returned = SSL_peek_ex(session_.get(), &next, 1, &seen);
  if (returned == 1 || outcome_of(returned).state != IoState::would_block) return false;
  note_read_drained();
  return true;
}

void TlsSocket::shutdown_write() {
  if (!is_open()) return;
  ERR_clear_error();
  SSL_shutdown(session_.get());
  ERR_clear_error();
  Socket::shutdown_write();
}

}  // namespace obleth::adapters
