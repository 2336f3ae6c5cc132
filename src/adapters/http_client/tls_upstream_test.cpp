// https upstreams: trusted by an extra authority, pooled like the others, refused when the certificate does not hold.
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <filesystem>
#include <memory>

#include "adapters/http_client/client_bench.hpp"
#include "adapters/http_client/scripted_server.hpp"
#include "adapters/os/tls_credentials.hpp"

namespace obleth::adapters {
namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(SSL_CTX* settings) const { SSL_CTX_free(settings); }
};

// A certificate that signs itself, for one name, and a server that shows it.
class TlsIdentity {
 public:
  explicit TlsIdentity(const std::string& name)
      : key_(EVP_EC_gen("P-256")), certificate_(X509_new()), settings_(SSL_CTX_new(TLS_server_method())) {
    ASN1_INTEGER_set(X509_get_serialNumber(certificate_.get()), 1);
    X509_set_version(certificate_.get(), 2);
    X509_gmtime_adj(X509_getm_notBefore(certificate_.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate_.get()), 3600);
    X509_set_pubkey(certificate_.get(), key_.get());
    X509_NAME* subject = X509_get_subject_name(certificate_.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("mock"), -1, -1, 0);
    X509_set_issuer_name(certificate_.get(), subject);
    X509_EXTENSION* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, ("DNS:" + name).c_str());
    X509_add_ext(certificate_.get(), names, -1);
    X509_EXTENSION_free(names);
    X509_sign(certificate_.get(), key_.get(), EVP_sha256());
    SSL_CTX_use_certificate(settings_.get(), certificate_.get());
    SSL_CTX_use_PrivateKey(settings_.get(), key_.get());
  }
  [[nodiscard]] SSL_CTX* settings() const { return settings_.get(); }
  // As a client that trusts it.
  [[nodiscard]] std::shared_ptr<TlsCredentials> trusted() const {
    std::string file = std::filesystem::temp_directory_path() / "obleth_tls_XXXXXX";
    const int fd = ::mkstemp(file.data());
    FILE* stream = ::fdopen(fd, "w");
    PEM_write_X509(stream, certificate_.get());
    std::fclose(stream);
    auto credentials = TlsCredentials::for_client(file);
    std::filesystem::remove(file);
    return credentials.value();
  }

 private:
  std::unique_ptr<EVP_PKEY, Free> key_;
  std::unique_ptr<X509, Free> certificate_;
  std::unique_ptr<SSL_CTX, Free> settings_;
};

ScriptedServer::Script serve_over(const TlsIdentity& identity, std::string answer) {
  return [&identity, answer = std::move(answer)](Conversation& with) {
    if (!with.start_tls(identity.settings())) return;
    while (!with.read_request().empty())
      with.send(answer);
  };
}

struct TlsCall : Call {
  TlsCall(std::uint16_t port, std::string name, std::string request_body = {}) : Call(port, std::move(request_body)) {
    address.tls = true;
    address.host = std::move(name);
  }
};

TEST(TlsUpstream, IsTrustedByTheExtraAuthorityAndUsedAgain) {
  const TlsIdentity identity("upstream.test");
  std::string payload(200'000, 'p');
  ScriptedServer server(serve_over(
      identity, "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(payload.size()) + "\r\n\r\n" + payload));
  ClientBench bench({}, identity.trusted());
  const TlsCall call(server.port(), "upstream.test", std::string(300'000, 'b'));
  for (int round = 0; round < 3; ++round) {
    const Received got = bench.run(bench.fetch(call.call));
    EXPECT_EQ(got.status, 200);
    EXPECT_TRUE(got.payload == payload);
    EXPECT_EQ(bench.client.idle_connections(), 1U);
  }
  EXPECT_EQ(server.accepted(), 1);
}

TEST(TlsUpstream, AnUnknownAuthorityIsForbidden) {
  const TlsIdentity identity("upstream.test");
  const TlsIdentity another("upstream.test");
  ScriptedServer server(serve_over(identity, "HTTP/1.1 204 No Content\r\n\r\n"));
  ClientBench bench({}, another.trusted());
  const TlsCall call(server.port(), "upstream.test");
  EXPECT_EQ(bench.run(bench.fetch(call.call)).fault, FaultKind::forbidden);
}

TEST(TlsUpstream, ACertificateForAnotherNameIsForbidden) {
  const TlsIdentity identity("upstream.test");
  ScriptedServer server(serve_over(identity, "HTTP/1.1 204 No Content\r\n\r\n"));
  ClientBench bench({}, identity.trusted());
  const TlsCall call(server.port(), "elsewhere.test");
  EXPECT_EQ(bench.run(bench.fetch(call.call)).fault, FaultKind::forbidden);
}

TEST(TlsUpstream, AServerThatSpeaksNoTlsIsBroken) {
  ScriptedServer server([](Conversation& with) {
    with.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    with.wait_until_closed();
  });
  const TlsIdentity identity("upstream.test");
  ClientBench bench({}, identity.trusted());
  const TlsCall call(server.port(), "upstream.test");
  EXPECT_EQ(bench.run(bench.fetch(call.call)).fault, FaultKind::broken);
}

// As connecting does, and finding the address: they have one deadline.
TEST(TlsUpstream, AHandshakeIsWaitedForNoLongerThanTheHeadMayTake) {
  ScriptedServer server([](Conversation& with) { with.wait_until_closed(); });
  const TlsIdentity identity("upstream.test");
  ClientBench bench({.connect_timeout = std::chrono::hours(1)}, identity.trusted());
  TlsCall call(server.port(), "upstream.test");
  call.call.head_timeout = std::chrono::milliseconds(50);
  EXPECT_EQ(bench.run(bench.fetch(call.call)).fault, FaultKind::timed_out);
}

// RFC 9112, section 9.8: an answer that only the connection's end ends is whole where TLS ended first.
TEST(TlsUpstream, AnAnswerWithoutLengthThatIsCutWithoutTheEndOfTlsIsBroken) {
  const TlsIdentity identity("upstream.test");
  for (const bool whole : {true, false}) {
    ScriptedServer server([&identity, whole](Conversation& with) {
      if (!with.start_tls(identity.settings())) return;
      with.read_request();
      with.send("HTTP/1.1 200 OK\r\n\r\nhello");
      if (whole) with.end_tls();
    });
    ClientBench bench({}, identity.trusted());
    const TlsCall call(server.port(), "upstream.test");
    const Received got = bench.run(bench.fetch(call.call));
    EXPECT_EQ(got.payload, "hello");
    EXPECT_EQ(got.fault, whole ? std::nullopt : std::optional(FaultKind::broken));
  }
}

TEST(TlsUpstream, AnAnswerThatIsWholeNeedsNoEndOfTls) {
  const TlsIdentity identity("upstream.test");
  for (const char* answer : {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"}) {
    ScriptedServer server([&identity, answer](Conversation& with) {
      if (!with.start_tls(identity.settings())) return;
      with.read_request();
      with.send(answer);
    });
    ClientBench bench({}, identity.trusted());
    const TlsCall call(server.port(), "upstream.test");
    for (int round = 0; round < 3; ++round) {
      const Received got = bench.run(bench.fetch(call.call));
      EXPECT_EQ(got.payload, "hello");
      EXPECT_FALSE(got.fault);
    }
  }
}

}  // namespace
}  // namespace obleth::adapters
