#include "adapters/os/tls_credentials.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <array>
#include <memory>
#include <string_view>

namespace obleth::adapters {
namespace {

constexpr std::string_view http_1_1 = "\x08http/1.1";

std::string last_tls_error() {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_get_error(), text.data(), text.size());
  ERR_clear_error();
  return text.data();
}

std::unexpected<Fault> unusable(const std::string& file, const std::string& why) {
  return fail(Fault{FaultKind::invalid, FaultSource::us, false, file + ": " + why, {}});
}

std::unexpected<Fault> bad_file(const std::string& file, const char* what) {
  return unusable(file, std::string(what) + ": " + last_tls_error());
}

// Nobody is there to be asked: OpenSSL's own prompt would hold up the start, and a loop that reads the files again.
int refuse_passphrase(char* /*room*/, int /*room_bytes*/, int /*for_writing*/, void* is_wanted) {
  *static_cast<bool*>(is_wanted) = true;
  return -1;
}

using PrivateKey = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

Result<PrivateKey> read_key(const std::string& file) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> source(BIO_new_file(file.c_str(), "r"), BIO_free);
  if (source == nullptr) return bad_file(file, "not a file to read");
  bool wants_passphrase = false;
  PrivateKey key(PEM_read_bio_PrivateKey(source.get(), nullptr, refuse_passphrase, &wants_passphrase), EVP_PKEY_free);
  if (key != nullptr) return key;
  if (!wants_passphrase) return bad_file(file, "not a PEM private key");
  ERR_clear_error();
  return unusable(file, "has a passphrase: give the key without one");
}

TlsCredentials::Handle new_settings(const SSL_METHOD* method) {
  TlsCredentials::Handle settings(SSL_CTX_new(method), SSL_CTX_free);
  if (settings == nullptr) return nullptr;
  SSL_CTX_set_min_proto_version(settings.get(), TLS1_2_VERSION);
  SSL_CTX_set_mode(settings.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                       SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_options(settings.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_read_ahead(settings.get(), 1);
  return settings;
}

Result<TlsCredentials::Handle> load_server(const std::string& certificate_file, const std::string& key_file) {
  ERR_clear_error();
  TlsCredentials::Handle settings = new_settings(TLS_server_method());
  if (settings == nullptr) return bad_file(certificate_file, "no TLS");
  // Clients that leave without a word are many, and lose nothing. A server that does may have been cut off.
  SSL_CTX_set_options(settings.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);
  if (SSL_CTX_use_certificate_chain_file(settings.get(), certificate_file.c_str()) != 1) {
    return bad_file(certificate_file, "not a PEM certificate chain");
  }
  const Result<PrivateKey> key = read_key(key_file);
  if (!key) return fail(key.error());
  if (SSL_CTX_use_PrivateKey(settings.get(), key->get()) != 1 || SSL_CTX_check_private_key(settings.get()) != 1) {
    return bad_file(key_file, "not the key of the certificate");
  }
  return settings;
}

}  // namespace

Result<std::shared_ptr<TlsCredentials>> TlsCredentials::for_server(std::string certificate_file, std::string key_file) {
  std::shared_ptr<TlsCredentials> made(new TlsCredentials);
  made->is_server_ = true;
  made->certificate_file_ = std::move(certificate_file);
  made->key_file_ = std::move(key_file);
  Result<void> loaded = made->reload();
  if (!loaded) return fail(std::move(loaded.error()));
  return made;
}

Result<std::shared_ptr<TlsCredentials>> TlsCredentials::for_client(const std::string& extra_authorities_file) {
  ERR_clear_error();
  std::shared_ptr<TlsCredentials> made(new TlsCredentials);
  made->handle_ = new_settings(TLS_client_method());
  SSL_CTX* const settings = made->handle_.get();
  if (settings == nullptr) return bad_file(extra_authorities_file, "no TLS");
  SSL_CTX_set_default_verify_paths(settings);
  if (!extra_authorities_file.empty() &&
      SSL_CTX_load_verify_locations(settings, extra_authorities_file.c_str(), nullptr) != 1) {
    return bad_file(extra_authorities_file, "not a PEM file of authorities");
  }
  SSL_CTX_set_verify(settings, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_alpn_protos(settings, reinterpret_cast<const unsigned char*>(http_1_1.data()),
                          static_cast<unsigned>(http_1_1.size()));
  return made;
}

Result<void> TlsCredentials::reload() {
  Result<Handle> fresh = load_server(certificate_file_, key_file_);
  if (!fresh) return fail(std::move(fresh.error()));
  const std::lock_guard lock(mutex_);
  handle_ = std::move(*fresh);
  return {};
}

TlsCredentials::Handle TlsCredentials::handle() const {
  const std::lock_guard lock(mutex_);
  return handle_;
}

}  // namespace obleth::adapters
