// What all connections of a listener share: bounds, proxies in front, TLS, and how it ends.
#include <openssl/ssl.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "adapters/http_server/serving_fixture.hpp"
#include "adapters/os/throwaway_certificate.hpp"

namespace obleth::adapters::testing {
namespace {

// In the middle of a request, so that it is not idle.
void occupy(BluntClient& client) {
  client.send("POST /relay HTTP/1.1\r\nHost: here\r\nContent-Length: 2\r\n\r\na");
  EXPECT_NE(client.read_until("1\r\na\r\n").find("200 OK"), std::string::npos);
}

TEST(HttpListener, RefusesConnectionsBeyondItsBoundAndCountsThem) {
  HttpServerSettings settings;
  settings.connections_max = 2;
  RunningServer server(settings);
  BluntClient first(server.port());
  BluntClient second(server.port());
  occupy(first);
  occupy(second);
  EXPECT_EQ(server.listener().refused_connections(), 0U);
  BluntClient third(server.port());
  EXPECT_TRUE(third.read_to_end().starts_with("HTTP/1.1 503"));
  EXPECT_EQ(server.listener().refused_connections(), 1U);
  first.close();
  server.await_connections(1);
  BluntClient fourth(server.port());
  fourth.send(get("/hello"));
  EXPECT_TRUE(fourth.read_answer().ends_with("hello"));
}

TEST(HttpListener, TheConnectionThatWasIdleForLongestGivesWay) {
  HttpServerSettings settings;
  settings.connections_max = 3;
  RunningServer server(settings);
  BluntClient busy(server.port());
  occupy(busy);
  BluntClient first(server.port());
  server.await_connections(2);
  BluntClient second(server.port());
  server.await_connections(3);
  first.send(get("/hello"));
  EXPECT_TRUE(first.read_answer().ends_with("hello"));
  BluntClient third(server.port());
  third.send(get("/hello"));
  EXPECT_TRUE(third.read_answer().ends_with("hello"));
  EXPECT_EQ(second.read_to_end(), "") << "it was idle for longer than the first";
  server.await_connections(3);
  EXPECT_EQ(server.listener().open_connections(), 3U);
  EXPECT_EQ(server.listener().refused_connections(), 0U);
  first.send(get("/hello"));
  EXPECT_TRUE(first.read_answer().ends_with("hello"));
  busy.send("b");
  EXPECT_TRUE(busy.read_until("0\r\n\r\n").ends_with("1\r\nb\r\n0\r\n\r\n"));
}

TEST(HttpListener, BoundsTheConnectionsOfOneAddress) {
  HttpServerSettings settings;
  settings.connections_per_address_max = 1;
  RunningServer server(settings);
  BluntClient first(server.port());
  server.await_connections(1);
  BluntClient second(server.port());
  EXPECT_TRUE(second.read_to_end().starts_with("HTTP/1.1 503"));
}

TEST(HttpListener, NoIdleConnectionOfAnAddressGivesWayToOneMore) {
  HttpServerSettings settings;
  settings.connections_per_address_max = 1;
  settings.trusted_proxies = {*Cidr::parse("127.0.0.1")};
  RunningServer server(settings);
  BluntClient first(server.port());
  first.send("PROXY TCP4 192.0.2.1 10.0.0.1 5000 443\r\n" + get("/hello"));
  EXPECT_TRUE(first.read_answer().ends_with("hello"));
  BluntClient second(server.port());
  EXPECT_TRUE(second.read_to_end().starts_with("HTTP/1.1 503")) << "it is the proxy's second, whoever the client is";
  first.send(get("/hello"));
  EXPECT_TRUE(first.read_answer().ends_with("hello"));
}

TEST(HttpListener, RefusesToShareItsPortWithAnother) {
  RunningServer server;
  HttpServerSettings settings;
  settings.address = server.listener().address();
  const auto taken = HttpListener::open(settings);
  ASSERT_FALSE(taken.has_value());
  EXPECT_EQ(taken.error().kind, FaultKind::conflict);
}

TEST(HttpListener, HoldsThousandsOfConnectionsAtOnce) {
  raise_descriptor_limit();
  constexpr std::size_t count = 2000;
  RunningServer server;
  std::vector<std::unique_ptr<BluntClient>> clients;
  for (std::size_t at = 0; at < count; ++at) {
    clients.push_back(std::make_unique<BluntClient>(server.port()));
    clients.back()->send(get("/hello"));
  }
  for (const auto& client : clients)
    ASSERT_TRUE(client->read_answer().ends_with("hello"));
  server.await_connections(count);
  for (const auto& client : clients)
    client->send(get("/hello"));
  for (const auto& client : clients)
    ASSERT_TRUE(client->read_answer().ends_with("hello"));
  clients.clear();
  server.await_connections(0);
}

TEST(HttpListener, BelievesForwardedAddressesOnlyFromTrustedProxies) {
  const std::string request =
      "GET /address HTTP/1.1\r\nHost: here\r\nX-Forwarded-For: 6.6.6.6, 1.2.3.4\r\n"
      "X-Forwarded-For: 10.0.0.7:99, 127.0.0.1\r\n\r\n";
  RunningServer wary;
  BluntClient stranger(wary.port());
  stranger.send(request);
  EXPECT_TRUE(stranger.read_answer().ends_with("\r\n\r\n127.0.0.1"));

  HttpServerSettings settings;
  settings.trusted_proxies = {*Cidr::parse("127.0.0.0/8"), *Cidr::parse("10.0.0.0/8")};
  RunningServer trusting(settings);
  BluntClient proxy(trusting.port());
  proxy.send(request);
  EXPECT_TRUE(proxy.read_answer().ends_with("\r\n\r\n1.2.3.4"));  // 6.6.6.6 is only what 1.2.3.4 says
}

TEST(HttpListener, ReadsTheProxyProtocolOfTrustedProxies) {
  HttpServerSettings settings;
  settings.trusted_proxies = {*Cidr::parse("127.0.0.1")};
  RunningServer server(settings);
  const std::string binary_head("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c", 16);
  const std::string binary = binary_head + std::string("\x05\x06\x07\x08\x7f\0\0\x01\x12\x34\0\x50", 12);
  const std::string v6_head("\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x24", 16);
  std::string v6_addresses(36, '\0');
  v6_addresses[0] = '\x20';
  v6_addresses[15] = '\x09';
  for (const auto& [line, address] :
       std::vector<std::pair<std::string, std::string>>{{"PROXY TCP4 5.6.7.8 127.0.0.1 4660 80\r\n", "5.6.7.8"},
                                                        {"PROXY UNKNOWN\r\n", "127.0.0.1"},
                                                        {"", "127.0.0.1"},
                                                        {binary, "5.6.7.8"},
                                                        {v6_head + v6_addresses, "2000::9"}}) {
    for (std::size_t at = 0; at <= line.size(); at += 5) {
      BluntClient client(server.port());
      client.send(line.substr(0, at));
      server.on_loop([](HttpServer&) {});
      client.send(line.substr(at) + get("/address"));
      EXPECT_TRUE(client.read_answer().ends_with("\r\n\r\n" + address)) << line << at;
    }
  }
  BluntClient malformed(server.port());
  malformed.send("PROXY TCP4 not an address\r\n" + get("/hello"));
  EXPECT_EQ(malformed.read_to_end(), "");
}

TEST(HttpListener, RefusesTheProxyProtocolFromStrangers) {
  RunningServer server;
  BluntClient client(server.port());
  client.send("PROXY TCP4 5.6.7.8 127.0.0.1 4660 80\r\n" + get("/address"));
  EXPECT_TRUE(client.read_to_end().starts_with("HTTP/1.1 400"));
}

TEST(HttpListener, SpeaksTlsBehindTheSameFraming) {
  const ThrowawayCertificate certificate("DNS:localhost");
  auto credentials = TlsCredentials::for_server(certificate.certificate_file(), certificate.key_file());
  ASSERT_TRUE(credentials.has_value()) << credentials.error().message;
  RunningServer server({}, *credentials);
  BluntClient client(server.port());
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> settings(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  const std::unique_ptr<SSL, decltype(&SSL_free)> session(SSL_new(settings.get()), SSL_free);
  SSL_set_fd(session.get(), client.fd());
  ASSERT_EQ(SSL_connect(session.get()), 1);
  const std::string body(300'000, 't');
  for (int round = 0; round < 2; ++round) {
    const std::string request = post("/echo", body);
    ASSERT_EQ(SSL_write(session.get(), request.data(), static_cast<int>(request.size())),
              static_cast<int>(request.size()));
    std::string answer;
    while (!answer.ends_with(body)) {
      std::string room(64 * 1024, '\0');
      const int got = SSL_read(session.get(), room.data(), static_cast<int>(room.size()));
      ASSERT_GT(got, 0);
      answer.append(room, 0, static_cast<std::size_t>(got));
    }
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK"));
  }
  EXPECT_TRUE((*credentials)->reload().has_value());
}

TEST(HttpListener, NamesTheCertificateFileThatIsAtFault) {
  const auto credentials = TlsCredentials::for_server("/nowhere/certificate.pem", "/nowhere/key.pem");
  ASSERT_FALSE(credentials.has_value());
  EXPECT_NE(credentials.error().message.find("/nowhere/certificate.pem"), std::string::npos);
}

void lock_with_passphrase(const std::string& key_file) {
  std::FILE* file = std::fopen(key_file.c_str(), "r");
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(PEM_read_PrivateKey(file, nullptr, nullptr, nullptr),
                                                                EVP_PKEY_free);
  std::fclose(file);
  file = std::fopen(key_file.c_str(), "w");
  std::string passphrase = "passphrase";
  PEM_write_PrivateKey(file, key.get(), EVP_aes_128_cbc(), nullptr, 0, nullptr, passphrase.data());
  std::fclose(file);
}

TEST(HttpListener, AKeyWithAPassphraseIsRefusedUnaskedAndTheFormerOneStays) {
  const ThrowawayCertificate certificate("DNS:localhost");
  const auto credentials = TlsCredentials::for_server(certificate.certificate_file(), certificate.key_file());
  ASSERT_TRUE(credentials.has_value()) << credentials.error().message;
  const TlsCredentials::Handle former = (*credentials)->handle();
  lock_with_passphrase(certificate.key_file());
  const Result<void> reloaded = (*credentials)->reload();
  ASSERT_FALSE(reloaded.has_value());
  EXPECT_EQ(reloaded.error().message, certificate.key_file() + ": has a passphrase: give the key without one");
  EXPECT_EQ((*credentials)->handle(), former);
}

TEST(HttpListener, SaysCloseOnEveryAnswerWhenClosingIsAnnounced) {
  RunningServer server;
  BluntClient client(server.port());
  client.send(get("/hello"));
  EXPECT_EQ(client.read_answer().find("Connection: close"), std::string::npos);
  server.listener().announce_closing();
  client.send(get("/hello"));
  EXPECT_NE(client.read_answer().find("Connection: close"), std::string::npos);
  EXPECT_EQ(client.read_to_end(), "");
  BluntClient late(server.port());  // still accepted: the balancer has yet to notice
  late.send(get("/hello"));
  EXPECT_TRUE(late.read_answer().ends_with("hello"));
}

TEST(HttpListener, DrainsIdleConnectionsAtOnceAndBusyOnesWithTheirAnswer) {
  RunningServer server;
  BluntClient idle(server.port());
  BluntClient busy(server.port());
  occupy(busy);
  server.await_connections(2);
  server.on_loop([](HttpServer& serving) { serving.drain(); });
  EXPECT_EQ(idle.read_to_end(), "");
  busy.send("b");
  EXPECT_EQ(busy.read_to_end(), "1\r\nb\r\n0\r\n\r\n");
  server.await_connections(0);
}

TEST(HttpListener, CutsWhatIsLeftWhenTheTimeIsUp) {
  RunningServer server;
  auto waiting = server.service.waiting.get_future();
  auto departed = server.service.departed.get_future();
  BluntClient client(server.port());
  client.send(get("/wait"));
  waiting.wait();
  server.on_loop([](HttpServer& serving) { serving.close_all(); });
  EXPECT_EQ(departed.wait_for(patience), std::future_status::ready);
  EXPECT_EQ(client.read_to_end(), "");
  server.await_connections(0);
}

TEST(HttpListener, DestroysItsConnectionsWhereverTheyWait) {
  auto server = std::make_unique<RunningServer>();
  auto waiting = server->service.waiting.get_future();
  BluntClient client(server->port());
  client.send(get("/wait"));
  waiting.wait();
  server.reset();
  EXPECT_EQ(client.read_to_end(), "");
}

}  // namespace
}  // namespace obleth::adapters::testing
