// The grammar of request heads: what is refused and with which status, what is accepted, and that the split of the
// bytes changes neither.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "wire/http_head.hpp"

namespace obleth::wire {
namespace {

// A head with the bytes that its views point into.
struct KeptHead : RequestHead {
  std::string bytes;
};

struct Outcome {
  int refused_with = 0;  // 0: accepted, or unfinished
  std::size_t bytes = 0;
  bool unfinished = false;
  bool operator==(const Outcome&) const = default;
};

Outcome outcome_of(const HeadOutcome& outcome) {
  if (const auto* fault = std::get_if<HeadFault>(&outcome)) return {.refused_with = fault->status};
  if (const auto* parsed = std::get_if<ParsedHead>(&outcome)) return {.bytes = parsed->bytes};
  return {.unfinished = true};
}

Outcome parse_whole(std::string bytes, KeptHead& head) {
  head.bytes = std::move(bytes);
  return outcome_of(parse_request_head(head.bytes, 0, HeadLimits{}, head));
}

// As a connection sees it: the bytes arrive in pieces, and what was looked at is told.
Outcome parse_in_pieces(const std::string& bytes, std::size_t piece) {
  KeptHead head;
  std::size_t looked_at = 0;
  for (std::size_t have = 0; have < bytes.size();) {
    have = std::min(bytes.size(), have + piece);
    const Outcome outcome =
        outcome_of(parse_request_head(std::string_view(bytes).substr(0, have), looked_at, HeadLimits{}, head));
    if (!outcome.unfinished) return outcome;
    looked_at = have;
  }
  return {.unfinished = true};
}

std::string with_lines(const std::string& lines) {
  return "POST /v1/x HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n";
}

std::string with_first_line(const std::string& line) {
  return line + "\r\nHost: a\r\n\r\n";
}

std::string many_headers(std::size_t count) {
  std::string lines;
  for (std::size_t at = 0; at < count; ++at)
    lines += "a: b\r\n";
  return lines;
}

struct Hostile {
  const char* name;
  std::string bytes;
  int status;
};

const std::string nul(1, '\0');

std::vector<Hostile> hostile_request_lines() {
  return {
      {"only an empty head", "\r\n\r\n", 400},
      {"two empty lines first", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"bare LF as first line", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"no method", with_first_line("/ HTTP/1.1"), 400},
      {"leading space", with_first_line(" GET / HTTP/1.1"), 400},
      {"leading tab", with_first_line("\tGET / HTTP/1.1"), 400},
      {"two spaces after the method", with_first_line("GET  / HTTP/1.1"), 400},
      {"tab after the method", with_first_line("GET\t/ HTTP/1.1"), 400},
      {"two spaces after the target", with_first_line("GET /  HTTP/1.1"), 400},
      {"tab after the target", with_first_line("GET /\tHTTP/1.1"), 400},
      {"trailing space", with_first_line("GET / HTTP/1.1 "), 400},
      {"trailing words", with_first_line("GET / HTTP/1.1 HTTP/1.1"), 400},
      {"method with colon", with_first_line("GET: / HTTP/1.1"), 400},
      {"method with slash", with_first_line("GE/T / HTTP/1.1"), 400},
      {"method with brackets", with_first_line("G[ET / HTTP/1.1"), 400},
      {"method with NUL", with_first_line("GE" + nul + "T / HTTP/1.1"), 400},
      {"method beyond ASCII", with_first_line("G\xC3\x89T / HTTP/1.1"), 400},
      {"method in quotes", with_first_line("\"GET\" / HTTP/1.1"), 400},
      {"no target", with_first_line("GET HTTP/1.1"), 400},
      {"no version", with_first_line("GET /"), 400},
      {"HTTP/0.9", "GET /\r\n\r\n", 400},
      {"version with a letter", with_first_line("GET / HTTP/1.x"), 400},
      {"version in lower case", with_first_line("GET / http/1.1"), 400},
      {"version of another protocol", with_first_line("GET / ICY/1.1"), 400},
      {"version without minor", with_first_line("GET / HTTP/2"), 400},
      {"version with two digits", with_first_line("GET / HTTP/1.10"), 400},
      {"version with leading zero", with_first_line("GET / HTTP/01.1"), 400},
      {"version with a space", with_first_line("GET / HTTP /1.1"), 400},
      {"version with sign", with_first_line("GET / HTTP/+1.1"), 400},
      {"version with comma", with_first_line("GET / HTTP/1,1"), 400},
      {"HTTP/0.9 spelled out", with_first_line("GET / HTTP/0.9"), 505},
      {"HTTP/1.2", with_first_line("GET / HTTP/1.2"), 505},
      {"HTTP/1.9", with_first_line("GET / HTTP/1.9"), 505},
      {"HTTP/2.0", with_first_line("GET / HTTP/2.0"), 505},
      {"HTTP/3.0", with_first_line("GET / HTTP/3.0"), 505},
      {"HTTP/9.9", with_first_line("GET / HTTP/9.9"), 505},
      {"preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"CONNECT with authority", with_first_line("CONNECT a:443 HTTP/1.1"), 405},
      {"CONNECT with path", with_first_line("CONNECT / HTTP/1.1"), 405},
      {"CONNECT in 1.0", with_first_line("CONNECT a:443 HTTP/1.0"), 405},
  };
}

std::vector<Hostile> hostile_targets() {
  return {
      {"target without slash", with_first_line("GET v1/models HTTP/1.1"), 400},
      {"target is a host", with_first_line("GET a.example HTTP/1.1"), 400},
      {"target is an authority", with_first_line("GET a.example:80 HTTP/1.1"), 400},
      {"target is a query", with_first_line("GET ?a=b HTTP/1.1"), 400},
      {"target is two dots", with_first_line("GET ../ HTTP/1.1"), 400},
      {"star for GET", with_first_line("GET * HTTP/1.1"), 400},
      {"star for POST", with_first_line("POST * HTTP/1.1"), 400},
      {"two stars", with_first_line("OPTIONS ** HTTP/1.1"), 400},
      {"star and path", with_first_line("OPTIONS */ HTTP/1.1"), 400},
      {"ftp target", with_first_line("GET ftp://a/ HTTP/1.1"), 400},
      {"file target", with_first_line("GET file:///etc/passwd HTTP/1.1"), 400},
      {"javascript target", with_first_line("GET javascript:1 HTTP/1.1"), 400},
      {"absolute form without host", with_first_line("GET http:///x HTTP/1.1"), 400},
      {"absolute form with nothing", with_first_line("GET http:// HTTP/1.1"), 400},
      {"absolute form with one slash", with_first_line("GET http:/a/x HTTP/1.1"), 400},
      {"absolute form with user", with_first_line("GET http://u@a/x HTTP/1.1"), 400},
      {"absolute form with user and password", with_first_line("GET http://u:p@a/x HTTP/1.1"), 400},
      {"absolute form with another host", with_first_line("GET http://b/x HTTP/1.1"), 400},
      {"absolute form with another port", with_first_line("GET http://a:81/x HTTP/1.1"), 400},
      {"absolute form with query and no path", with_first_line("GET http://a?x HTTP/1.1"), 400},
      {"absolute form with backslash in host", with_first_line("GET http://a\\b/x HTTP/1.1"), 400},
      {"absolute form with comma in host", with_first_line("GET http://a,a/x HTTP/1.1"), 400},
      {"fragment in target", with_first_line("GET /x#y HTTP/1.1"), 400},
      {"NUL in target", with_first_line("GET /x" + nul + "y HTTP/1.1"), 400},
      {"DEL in target", with_first_line("GET /x\x7Fy HTTP/1.1"), 400},
      {"escape in target", with_first_line("GET /x\x1By HTTP/1.1"), 400},
      {"raw UTF-8 in target", with_first_line("GET /\xC3\xA9 HTTP/1.1"), 400},
      {"byte FF in target", with_first_line("GET /\xFF HTTP/1.1"), 400},
      {"space in target", with_first_line("GET /x y HTTP/1.1"), 400},
      {"vertical tab in target", with_first_line("GET /x\vy HTTP/1.1"), 400},
      {"form feed as separator", with_first_line("GET\f/x\fHTTP/1.1"), 400},
      {"CR inside the request line", with_first_line("GET /x\ry HTTP/1.1"), 400},
      {"CR before CR LF", with_first_line("GET /x HTTP/1.1\r"), 400},
      {"bare LF ends the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400},
      {"bare LF throughout", "GET / HTTP/1.1\nHost: a\n\n", 400},
      {"LF CR instead of CR LF", "GET / HTTP/1.1\n\rHost: a\n\r\n\r", 400},
      {"TLS hello", "\x16\x03\x01\x02" + nul + "\x01\r\n\r\n", 400},
      {"SSH banner", "SSH-2.0-OpenSSH_9.2\r\n\r\n", 400},
      {"status line", "HTTP/1.1 200 OK\r\n\r\n", 400},
      {"JSON", "{\"model\":\"a\"}\r\n\r\n", 400},
  };
}

std::vector<Hostile> hostile_hosts() {
  return {
      {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"no Host among others", "GET / HTTP/1.1\r\nAccept: */*\r\n\r\n", 400},
      {"two Hosts", with_lines("Host: b\r\n"), 400},
      {"two equal Hosts", with_lines("Host: a\r\n"), 400},
      {"two Hosts in other case", with_lines("hOsT: a\r\n"), 400},
      {"two Hosts in 1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", 400},
      {"empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},
      {"blank Host", "GET / HTTP/1.1\r\nHost: \t \r\n\r\n", 400},
      {"Host list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400},
      {"Host with comma", "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", 400},
      {"Host with space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
      {"Host with path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
      {"Host with user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400},
      {"Host with query", "GET / HTTP/1.1\r\nHost: a?b\r\n\r\n", 400},
      {"Host with fragment", "GET / HTTP/1.1\r\nHost: a#b\r\n\r\n", 400},
      {"Host with backslash", "GET / HTTP/1.1\r\nHost: a\\b\r\n\r\n", 400},
      {"Host with quote", "GET / HTTP/1.1\r\nHost: \"a\"\r\n\r\n", 400},
      {"Host beyond ASCII", "GET / HTTP/1.1\r\nHost: \xC3\xA9\r\n\r\n", 400},
      {"Host is a URL", "GET / HTTP/1.1\r\nHost: http://a/\r\n\r\n", 400},
  };
}

std::vector<Hostile> hostile_lengths() {
  return {
      {"two equal Content-Lengths", with_lines("Content-Length: 5\r\nContent-Length: 5\r\n"), 400},
      {"two Content-Lengths", with_lines("Content-Length: 5\r\nContent-Length: 6\r\n"), 400},
      {"two Content-Lengths in other case", with_lines("Content-Length: 5\r\ncontent-length: 5\r\n"), 400},
      {"zero and another Content-Length", with_lines("Content-Length: 0\r\nContent-Length: 6\r\n"), 400},
      {"Content-Length list", with_lines("Content-Length: 5, 5\r\n"), 400},
      {"Content-Length list without space", with_lines("Content-Length: 5,5\r\n"), 400},
      {"Content-Length with plus", with_lines("Content-Length: +5\r\n"), 400},
      {"Content-Length with minus", with_lines("Content-Length: -5\r\n"), 400},
      {"Content-Length minus zero", with_lines("Content-Length: -0\r\n"), 400},
      {"Content-Length hex", with_lines("Content-Length: 0x5\r\n"), 400},
      {"Content-Length with letters", with_lines("Content-Length: 5abc\r\n"), 400},
      {"Content-Length decimal", with_lines("Content-Length: 5.0\r\n"), 400},
      {"Content-Length exponent", with_lines("Content-Length: 1e3\r\n"), 400},
      {"Content-Length with inner space", with_lines("Content-Length: 5 5\r\n"), 400},
      {"Content-Length with inner tab", with_lines("Content-Length: 5\t5\r\n"), 400},
      {"Content-Length in quotes", with_lines("Content-Length: \"5\"\r\n"), 400},
      {"Content-Length empty", with_lines("Content-Length:\r\n"), 400},
      {"Content-Length blank", with_lines("Content-Length:   \r\n"), 400},
      {"Content-Length with NUL", with_lines("Content-Length: 5" + nul + "\r\n"), 400},
      {"Content-Length full-width digit", with_lines("Content-Length: \xEF\xBC\x95\r\n"), 400},
      {"Content-Length of 2^64", with_lines("Content-Length: 18446744073709551616\r\n"), 400},
      {"Content-Length of 2^64 + 5", with_lines("Content-Length: 18446744073709551621\r\n"), 400},
      {"Content-Length of 2^63", with_lines("Content-Length: 9223372036854775808\r\n"), 400},
      {"Content-Length of 40 digits", with_lines("Content-Length: " + std::string(40, '9') + "\r\n"), 400},
      {"Content-Length with separators", with_lines("Content-Length: 1_000\r\n"), 400},
  };
}

std::vector<Hostile> hostile_codings() {
  return {
      {"both framings", with_lines("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400},
      {"both framings, other order", with_lines("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 400},
      {"both framings, zero length", with_lines("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"), 400},
      {"TE.TE", with_lines("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"), 400},
      {"two chunked", with_lines("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
      {"chunked list", with_lines("Transfer-Encoding: chunked, chunked\r\n"), 400},
      {"gzip, chunked", with_lines("Transfer-Encoding: gzip, chunked\r\n"), 400},
      {"chunked, gzip", with_lines("Transfer-Encoding: chunked, gzip\r\n"), 400},
      {"identity", with_lines("Transfer-Encoding: identity\r\n"), 400},
      {"gzip alone", with_lines("Transfer-Encoding: gzip\r\n"), 400},
      {"xchunked", with_lines("Transfer-Encoding: xchunked\r\n"), 400},
      {"chunkedx", with_lines("Transfer-Encoding: chunkedx\r\n"), 400},
      {"chunked with parameter", with_lines("Transfer-Encoding: chunked;q=1\r\n"), 400},
      {"chunked in quotes", with_lines("Transfer-Encoding: \"chunked\"\r\n"), 400},
      {"chunked after comma", with_lines("Transfer-Encoding: ,chunked\r\n"), 400},
      {"chunked before comma", with_lines("Transfer-Encoding: chunked,\r\n"), 400},
      {"chunked with vertical tab", with_lines("Transfer-Encoding: \vchunked\r\n"), 400},
      {"chunked with no-break space",
       with_lines("Transfer-Encoding: \xA0"
                  "chunked\r\n"),
       400},
      {"chunk", with_lines("Transfer-Encoding: chunk\r\n"), 400},
      {"Transfer-Encoding empty", with_lines("Transfer-Encoding:\r\n"), 400},
      {"chunked in 1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"chunked in 1.0 without Host", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"two Authorizations", with_lines("Authorization: Bearer a\r\nAuthorization: Bearer b\r\n"), 400},
      {"two equal Authorizations", with_lines("Authorization: a\r\nauthorization: a\r\n"), 400},
      {"Upgrade to websocket", with_lines("Upgrade: websocket\r\nConnection: Upgrade\r\n"), 501},
      {"Upgrade to h2c", with_lines("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n"),
       501},
      {"Upgrade without Connection", with_lines("Upgrade: h2c\r\n"), 501},
      {"Upgrade empty", with_lines("Upgrade:\r\n"), 501},
      {"Upgrade to TLS", with_lines("uPGRADE: TLS/1.0\r\n"), 501},
      {"Upgrade in 1.0", "GET / HTTP/1.0\r\nUpgrade: h2c\r\n\r\n", 501},
      {"33 connection options",
       with_lines("Connection: " + std::string(64, ',') +
                  [] {
                    std::string list;
                    for (int at = 0; at < 33; ++at)
                      list += "a,";
                    return list;
                  }() +
                  "\r\n"),
       400},
  };
}

std::vector<Hostile> hostile_field_lines() {
  return {
      {"space before colon", with_lines("A : b\r\n"), 400},
      {"tab before colon", with_lines("A\t: b\r\n"), 400},
      {"space before colon of Content-Length", with_lines("Content-Length : 5\r\n"), 400},
      {"space before colon of Transfer-Encoding", with_lines("Transfer-Encoding : chunked\r\n"), 400},
      {"space before colon of Host", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
      {"no colon", with_lines("novalue\r\n"), 400},
      {"no name", with_lines(": b\r\n"), 400},
      {"only a colon", with_lines(":\r\n"), 400},
      {"folded with space", with_lines("A: b\r\n c\r\n"), 400},
      {"folded with tab", with_lines("A: b\r\n\tc\r\n"), 400},
      {"folded Transfer-Encoding", with_lines("Transfer-Encoding:\r\n chunked\r\n"), 400},
      {"folded first line", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
      {"blank folded line", with_lines("A: b\r\n \r\n"), 400},
      {"name with NUL", with_lines("A" + nul + "B: c\r\n"), 400},
      {"name with space inside", with_lines("A B: c\r\n"), 400},
      {"name with slash", with_lines("A/B: c\r\n"), 400},
      {"name with brackets", with_lines("A(B): c\r\n"), 400},
      {"name with at", with_lines("A@B: c\r\n"), 400},
      {"name with comma", with_lines("A,B: c\r\n"), 400},
      {"name with equals", with_lines("A=B: c\r\n"), 400},
      {"name with quote", with_lines("\"A\": c\r\n"), 400},
      {"name with braces", with_lines("{A}: c\r\n"), 400},
      {"name with backslash", with_lines("A\\B: c\r\n"), 400},
      {"name with question mark", with_lines("A?: c\r\n"), 400},
      {"name with less-than", with_lines("<A>: c\r\n"), 400},
      {"name beyond ASCII", with_lines("\xC3\xA9: c\r\n"), 400},
      {"name with DEL", with_lines("A\x7F: c\r\n"), 400},
      {"name with escape", with_lines("A\x1B: c\r\n"), 400},
      {"name after BOM",
       with_lines("\xEF\xBB\xBF"
                  "A: c\r\n"),
       400},
      {"name with CR", with_lines("A\rB: c\r\n"), 400},
      {"value with NUL", with_lines("A: b" + nul + "c\r\n"), 400},
      {"value with bell",
       with_lines("A: b\x07"
                  "c\r\n"),
       400},
      {"value with escape", with_lines("A: \x1B[31m\r\n"), 400},
      {"value with DEL", with_lines("A: b\x7F\r\n"), 400},
      {"value with vertical tab", with_lines("A: b\vc\r\n"), 400},
      {"value with form feed", with_lines("A: b\fc\r\n"), 400},
      {"value with backspace", with_lines("A: b\b\r\n"), 400},
      {"bare CR in value", with_lines("A: b\rc\r\n"), 400},
      {"bare CR hides a header", with_lines("A: b\rTransfer-Encoding: chunked\r\n"), 400},
      {"CR CR LF", with_lines("A: b\r\r\n"), 400},
      {"CR alone before the end", "GET / HTTP/1.1\r\nHost: a\r\n\r\r\n\r\n", 400},
      {"bare LF in value", with_lines("A: b\nc\r\n"), 400},
      {"bare LF hides a header", with_lines("A: b\nTransfer-Encoding: chunked\r\n"), 400},
      {"bare LF ends a line", with_lines("A: b\n"), 400},
      {"bare LF ends the head", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400},
      {"bare LF and then CR LF", "GET / HTTP/1.1\r\nHost: a\n\r\n", 400},
      {"129 headers", with_lines(many_headers(128)), 431},
      {"1000 headers", with_lines(many_headers(1000)), 431},
      {"huge value", with_lines("A: " + std::string(70'000, 'a') + "\r\n"), 431},
      {"huge name", with_lines(std::string(70'000, 'a') + ": b\r\n"), 431},
      {"huge target", with_first_line("GET /" + std::string(70'000, 'a') + " HTTP/1.1"), 431},
      {"huge method", with_first_line(std::string(70'000, 'A') + " / HTTP/1.1"), 431},
      {"endless line", std::string(65'536, 'A'), 431},
      {"one byte too large", with_lines("A: " + std::string(65'536 - 36, 'a') + "\r\n"), 431},
  };
}

std::vector<Hostile> all_hostile() {
  std::vector<Hostile> all = hostile_request_lines();
  for (const auto& more :
       {hostile_targets(), hostile_hosts(), hostile_lengths(), hostile_codings(), hostile_field_lines()}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

TEST(RequestHead, HostileHeadsAreRefusedWithTheirStatus) {
  for (const Hostile& hostile : all_hostile()) {
    KeptHead head;
    EXPECT_EQ(parse_whole(hostile.bytes, head).refused_with, hostile.status) << hostile.name;
  }
}

TEST(RequestHead, TheSplitOfTheBytesChangesNoRefusal) {
  for (const Hostile& hostile : all_hostile()) {
    for (const std::size_t piece : {1UZ, 2UZ, 3UZ, 7UZ, 1000UZ}) {
      EXPECT_EQ(parse_in_pieces(hostile.bytes, piece).refused_with, hostile.status) << hostile.name << " by " << piece;
    }
  }
}

TEST(RequestHead, EveryRefusalSaysWhy) {
  for (const Hostile& hostile : all_hostile()) {
    RequestHead head;
    const HeadOutcome outcome = parse_request_head(hostile.bytes, 0, HeadLimits{}, head);
    const auto* fault = std::get_if<HeadFault>(&outcome);
    ASSERT_NE(fault, nullptr) << hostile.name;
    EXPECT_GT(fault->message.size(), 10U) << hostile.name;
  }
}

TEST(RequestHead, AHeadIsUnfinishedUntilItsBlankLine) {
  const std::string bytes = "POST /v1/chat/completions?a=b HTTP/1.1\r\nHost: a:8080\r\nContent-Length: 5\r\n\r\n";
  for (std::size_t have = 0; have < bytes.size(); ++have) {
    KeptHead head;
    EXPECT_TRUE(parse_whole(bytes.substr(0, have), head).unfinished) << have;
  }
  EXPECT_EQ(parse_in_pieces(bytes, 1).bytes, bytes.size());
}

TEST(RequestHead, AWholeHeadIsAsLongAsWhatIsParsedOfIt) {
  const std::string head = "POST /a HTTP/1.1\r\nHost: a\r\n\r\n";
  for (std::size_t size = 0; size <= head.size(); ++size)
    EXPECT_EQ(whole_head_bytes(head.substr(0, size), {}), size == head.size() ? size : 0);
  EXPECT_EQ(whole_head_bytes(head + "a body\r\n\r\n", {}), head.size());
  EXPECT_EQ(whole_head_bytes("GET / HTTP/1.1\nHost: a\r\n\r\n", {}), 0U);
  EXPECT_EQ(whole_head_bytes(head, {.head_bytes_max = head.size() - 1}), 0U);
}

TEST(RequestHead, BytesAfterTheBlankLineAreLeftAlone) {
  const std::string head_bytes = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
  KeptHead head;
  EXPECT_EQ(parse_whole(head_bytes + "hello\n\x01GET", head).bytes, head_bytes.size());
  EXPECT_EQ(head.content_length, 5U);
}

TEST(RequestHead, FieldsAreGivenAsSentAndTrimmed) {
  KeptHead head;
  const std::string bytes =
      "PATCH /a?b=%2F HTTP/1.1\r\nHost:a.example\r\nX-One: \t two  words\t \r\nx-one:\r\n!#$%&'*+-.^_`|~9: "
      "\xFF\"\r\n\r\n";
  ASSERT_EQ(parse_whole(bytes, head).bytes, bytes.size());
  EXPECT_EQ(head.method, "PATCH");
  EXPECT_EQ(head.target, "/a?b=%2F");
  EXPECT_EQ(head.host, "a.example");
  ASSERT_EQ(head.fields.fields().size(), 4U);
  EXPECT_EQ(head.fields.fields()[1].name, "X-One");
  EXPECT_EQ(head.fields.fields()[1].value, "two  words");
  EXPECT_EQ(head.fields.fields()[2].value, "");
  EXPECT_EQ(head.fields.fields()[3].name, "!#$%&'*+-.^_`|~9");
  EXPECT_EQ(head.fields.fields()[3].value, "\xFF\"");
}

TEST(RequestHead, OneEmptyLineMayComeFirst) {
  KeptHead head;
  const std::string bytes = "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
  EXPECT_EQ(parse_whole(bytes, head).bytes, bytes.size());
  EXPECT_EQ(parse_in_pieces(bytes, 1).bytes, bytes.size());
  EXPECT_EQ(head.method, "GET");
}

TEST(RequestHead, HeadersOf128LinesAnd64KiBPass) {
  KeptHead head;
  EXPECT_GT(parse_whole(with_lines(many_headers(127)), head).bytes, 0U);
  EXPECT_EQ(head.fields.fields().size(), 128U);
  const std::string largest = with_lines("A: " + std::string(65'536 - 37, 'a') + "\r\n");
  ASSERT_EQ(largest.size(), 65'536U);
  EXPECT_EQ(parse_whole(largest, head).bytes, largest.size());
}

TEST(RequestHead, AbsoluteFormBecomesOriginForm) {
  struct Case {
    const char* line;
    const char* target;
  };
  for (const Case& one : {Case{"GET http://a/x?y HTTP/1.1", "/x?y"}, Case{"GET HTTPS://A/x HTTP/1.1", "/x"},
                          Case{"GET http://a HTTP/1.1", "/"}, Case{"OPTIONS http://a HTTP/1.1", "*"},
                          Case{"OPTIONS * HTTP/1.1", "*"}, Case{"GET //a/x HTTP/1.1", "//a/x"}}) {
    KeptHead head;
    EXPECT_GT(parse_whole(with_first_line(one.line), head).bytes, 0U) << one.line;
    EXPECT_EQ(head.target, one.target) << one.line;
  }
}

TEST(RequestHead, HostNamesOfEveryKindPass) {
  for (const char* host :
       {"a", "a.example:8080", "[::1]:8080", "127.0.0.1", "my_host-1.local", "xn--bcher-kva.example"}) {
    KeptHead head;
    EXPECT_GT(parse_whole("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n", head).bytes, 0U) << host;
    EXPECT_EQ(head.host, host);
  }
}

TEST(RequestHead, FramingFollowsTheHeaders) {
  KeptHead head;
  ASSERT_GT(parse_whole(with_lines(""), head).bytes, 0U);
  EXPECT_EQ(head.framing, BodyFraming::none);
  ASSERT_GT(parse_whole(with_lines("Content-Length: 0\r\n"), head).bytes, 0U);
  EXPECT_EQ(head.framing, BodyFraming::none);
  ASSERT_GT(parse_whole(with_lines("content-length:  67108864 \r\n"), head).bytes, 0U);
  EXPECT_EQ(head.framing, BodyFraming::length);
  EXPECT_EQ(head.content_length, 67'108'864U);
  ASSERT_GT(parse_whole(with_lines("Content-Length: 999999999999999999\r\n"), head).bytes, 0U);
  EXPECT_EQ(head.content_length, 999'999'999'999'999'999U);
  ASSERT_GT(parse_whole(with_lines("TRANSFER-ENCODING: CHUNKED\r\n"), head).bytes, 0U);
  EXPECT_EQ(head.framing, BodyFraming::chunked);
  EXPECT_EQ(head.content_length, 0U);
}

TEST(RequestHead, AHeadReadBeforeLeavesNoTrace) {
  KeptHead head;
  ASSERT_GT(parse_whole(with_lines("Content-Length: 5\r\nExpect: 100-continue\r\nConnection: close\r\n"), head).bytes,
            0U);
  ASSERT_GT(parse_whole(with_lines(""), head).bytes, 0U);
  EXPECT_EQ(head.framing, BodyFraming::none);
  EXPECT_EQ(head.content_length, 0U);
  EXPECT_FALSE(head.expects_continue);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_EQ(head.fields.fields().size(), 1U);
}

TEST(RequestHead, ConnectionsStayOpenAsTheVersionAndTheHeaderSay) {
  struct Case {
    const char* version;
    const char* line;
    bool keep_alive;
  };
  for (const Case& one :
       {Case{"1.1", "", true}, Case{"1.1", "Connection: close\r\n", false},
        Case{"1.1", "Connection: x, CLOSE\r\n", false}, Case{"1.1", "Connection: closed\r\n", true},
        Case{"1.1", "Connection: keep-alive\r\nConnection: close\r\n", false}, Case{"1.0", "", false},
        Case{"1.0", "Connection: Keep-Alive\r\n", true}, Case{"1.0", "Connection: keep-alive, close\r\n", false}}) {
    KeptHead head;
    const std::string bytes = std::string("GET / HTTP/") + one.version + "\r\nHost: a\r\n" + one.line + "\r\n";
    ASSERT_GT(parse_whole(bytes, head).bytes, 0U) << one.line;
    EXPECT_EQ(head.keep_alive, one.keep_alive) << one.version << one.line;
    EXPECT_EQ(head.is_http_1_0, one.version == std::string("1.0"));
  }
}

TEST(RequestHead, Http10NeedsNoHost) {
  KeptHead head;
  EXPECT_GT(parse_whole("GET / HTTP/1.0\r\n\r\n", head).bytes, 0U);
  EXPECT_EQ(head.host, "");
  EXPECT_GT(parse_whole("GET http://b/ HTTP/1.0\r\n\r\n", head).bytes, 0U);
  EXPECT_EQ(head.host, "b");
}

TEST(RequestHead, ContinueIsExpectedOnlyWhereABodyFollowsIn11) {
  KeptHead head;
  ASSERT_GT(parse_whole(with_lines("Expect: 100-Continue\r\nContent-Length: 1\r\n"), head).bytes, 0U);
  EXPECT_TRUE(head.expects_continue);
  ASSERT_GT(parse_whole(with_lines("Expect: 100-continue\r\n"), head).bytes, 0U);
  EXPECT_FALSE(head.expects_continue);
  ASSERT_GT(parse_whole(with_lines("Expect: something\r\nContent-Length: 1\r\n"), head).bytes, 0U);
  EXPECT_FALSE(head.expects_continue);
  ASSERT_GT(parse_whole("POST / HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n", head).bytes, 0U);
  EXPECT_FALSE(head.expects_continue);
}

}  // namespace
}  // namespace obleth::wire
