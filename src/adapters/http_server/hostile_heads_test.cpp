// Heads that must never reach the service: each is answered with a client's fault, and the connection closes.
#include <string>
#include <vector>

#include "adapters/http_server/serving_fixture.hpp"

namespace obleth::adapters::testing {
namespace {

std::vector<std::string> hostile_lines() {
  std::vector<std::string> lines = {"GET /",
                                    "GET  / HTTP/1.1",
                                    "GET /\tHTTP/1.1",
                                    " GET / HTTP/1.1",
                                    "GET / HTTP/1.1 ",
                                    "GET / HTTP/2.0",
                                    "GET / HTTP/1.2",
                                    "GET / HTTP/0.9",
                                    "GET / http/1.1",
                                    "GET / HTTP/1.10",
                                    "GET / HTTP/11",
                                    "GET / HTTX/1.1",
                                    "GET x HTTP/1.1",
                                    "GET ftp://here/ HTTP/1.1",
                                    "GET http:// HTTP/1.1",
                                    "GET * HTTP/1.1",
                                    "CONNECT here:443 HTTP/1.1",
                                    "PRI * HTTP/2.0",
                                    "\x16\x03\x01\x02",
                                    "GET"};
  for (const char forbidden : std::string("\0\x01\x07\x0b\x7f\x80\xff#", 8))
    lines.push_back(std::string("GET /a") + forbidden + "b HTTP/1.1");
  for (const char forbidden : std::string("\0\x01\"(),/:;<=>?@[\\]{}\x7f\x80", 21))
    lines.push_back(std::string("GE") + forbidden + "T / HTTP/1.1");
  return lines;
}

std::vector<std::string> hostile_fields() {
  std::vector<std::string> fields = {"Content-Length: 1\r\nContent-Length: 1",
                                     "Content-Length: 1, 1",
                                     "Content-Length: +1",
                                     "Content-Length: -1",
                                     "Content-Length: 0x1",
                                     "Content-Length: 1 1",
                                     "Content-Length:",
                                     "Content-Length: 1.0",
                                     "Content-Length: ١",
                                     "Content-Length: 99999999999999999999",
                                     "Content-Length: 18446744073709551616",
                                     "Content-Length: 1\r\nTransfer-Encoding: chunked",
                                     "Transfer-Encoding: chunked\r\nContent-Length: 1",
                                     "Transfer-Encoding: gzip, chunked",
                                     "Transfer-Encoding: chunked, chunked",
                                     "Transfer-Encoding: xchunked",
                                     "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
                                     "Transfer-Encoding: identity",
                                     "Transfer-Encoding: \x0b"
                                     "chunked",
                                     "Transfer-Encoding: chunked;q=1",
                                     "Transfer-Encoding:",
                                     "Transfer-Encoding: \"chunked\"",
                                     "Transfer-Encoding : chunked",
                                     "Content-Length : 1",
                                     "Host : there",
                                     "Host: there",
                                     "host: here",
                                     "Host: a, b",
                                     "Host: a b",
                                     "Host: a/b",
                                     "Upgrade: websocket\r\nConnection: upgrade",
                                     "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings",
                                     ": no name",
                                     "no colon",
                                     " folded: yes",
                                     "\tfolded: yes",
                                     "a: b\r\n folded",
                                     "a: b\r\n\tfolded",
                                     "a: b\rc: d",
                                     "a: b\nc: d",
                                     "a: b\r\r\nc: d",
                                     "a\r\n: b"};
  for (const char forbidden : std::string("\0\x01\x08\x0b\x0c\x1b\x7f\r", 8)) {
    fields.push_back(std::string("x-value: a") + forbidden + "b");
    fields.push_back(std::string("x-value:") + forbidden);
  }
  for (const char forbidden : std::string("\0\x01 \t\"(),/;<=>?@[\\]{}\x7f\x80\xff", 22))
    fields.push_back(std::string("x-na") + forbidden + "me: value");
  return fields;
}

std::vector<std::string> hostile_heads() {
  std::vector<std::string> heads;
  for (const std::string& line : hostile_lines()) {
    heads.push_back(line + "\r\nHost: here\r\n\r\n");
    heads.push_back(line + "\nHost: here\n\n");
  }
  for (const std::string& field : hostile_fields()) {
    heads.push_back("POST /echo HTTP/1.1\r\nHost: here\r\n" + field + "\r\n\r\n");
    heads.push_back("POST /echo HTTP/1.1\r\n" + field + "\r\nHost: here\r\n\r\n");
    heads.push_back("POST /echo HTTP/1.1\r\nHost: here\r\nA: b\r\n" + field + "\r\nC: d\r\n\r\nabc");
  }
  heads.push_back("GET / HTTP/1.1\r\n\r\n");
  heads.push_back("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n");
  heads.push_back("GET /" + std::string(70'000, 'a') + " HTTP/1.1\r\nHost: here\r\n\r\n");
  heads.push_back("GET / HTTP/1.1\r\nHost: here\r\nx: " + std::string(70'000, 'a') + "\r\n\r\n");
  std::string many = "GET / HTTP/1.1\r\nHost: here\r\n";
  for (int at = 0; at < 129; ++at)
    many += "x-" + std::to_string(at) + ": y\r\n";
  heads.push_back(many + "\r\n");
  return heads;
}

TEST(HttpServer, NeverServesAHostileHead) {
  RunningServer server;
  const std::vector<std::string> heads = hostile_heads();
  EXPECT_GE(heads.size(), 300U);
  for (const std::string& head : heads) {
    BluntClient client(server.port());
    client.send(head);
    client.send("0\r\n\r\n" + get("/hello"));  // would be a smuggled request
    client.finish_sending();
    const std::string answer = client.read_to_end();
    if (answer.empty()) continue;  // the bytes never became a whole head
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.1 501") ||
                answer.starts_with("HTTP/1.1 505"))
        << head.substr(0, 200) << "\n->\n"
        << answer;
    EXPECT_NE(answer.find("\"error\":{\"message\":"), std::string::npos) << answer;
    EXPECT_NE(answer.find("\r\nx-request-id: "), std::string::npos) << answer;
    EXPECT_NE(answer.find("\r\nx-obleth-request-id: "), std::string::npos) << answer;
    EXPECT_EQ(answer.find("HTTP/1.1 2"), std::string::npos) << head.substr(0, 200);
  }
  EXPECT_EQ(server.service.served, 0);
}

TEST(HttpServer, ServesTheRequestsAfterAHostileOneOnOtherConnections) {
  RunningServer server;
  BluntClient good(server.port());
  for (const std::string& head : hostile_heads()) {
    BluntClient bad(server.port());
    bad.send(head);
  }
  good.send(get("/hello"));
  EXPECT_TRUE(good.read_answer().ends_with("hello"));
}

TEST(HttpServer, ARefusedHeadIsAnsweredUnderTheClientsOwnRequestId) {
  RunningServer server;
  BluntClient client(server.port());
  client.send("GET / HTTP/1.1\r\nX-Request-Id: mine-1\r\nHost: a\r\nHost: b\r\n\r\n");
  const std::string answer = client.read_to_end();
  EXPECT_NE(answer.find("\r\nx-request-id: mine-1\r\n"), std::string::npos) << answer;
  EXPECT_EQ(answer.find("\r\nx-obleth-request-id: mine-1\r\n"), std::string::npos) << answer;
}

TEST(HttpServer, RefusesAMalformedChunkedBody) {
  RunningServer server;
  for (const std::string_view body :
       {"x\r\n", "-1\r\n", "0x1\r\na\r\n", "1\na\n", "1\r\nab\r\n", "00000000000000001\r\na", "1;\n\r\n", " 1\r\na\r\n",
        "ffffffffffffffffff\r\n", "0\r\nContent Length: 1\r\n\r\n"}) {
    BluntClient client(server.port());
    client.send("POST /echo HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(body));
    const std::string answer = client.read_answer();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400")) << body << answer;
    EXPECT_EQ(client.read_to_end(), "");
  }
}

}  // namespace
}  // namespace obleth::adapters::testing
