// Any bytes as a request head: never a crash; the split of the bytes changes nothing; and what is accepted obeys the
// rules that smuggling would have to break.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ensure.hpp"
#include "wire/header_rules.hpp"
#include "wire/http_head.hpp"
#include "wire/request_target.hpp"

namespace {

using namespace obleth;
using namespace obleth::wire;

constexpr HeadLimits limits;

void check_same(const RequestHead& a, const RequestHead& b) {
  ensure(a.method == b.method && a.target == b.target && a.host == b.host, "the split changes the request line");
  ensure(a.framing == b.framing && a.content_length == b.content_length, "the split changes the framing");
  ensure(a.keep_alive == b.keep_alive && a.fields.fields().size() == b.fields.fields().size(),
         "the split changes fields");
}

// Byte by byte, as the slowest client sends.
void check_split_invariance(std::string_view bytes, const HeadOutcome& whole, const RequestHead& whole_head) {
  RequestHead head;
  HeadOutcome outcome = NeedMoreBytes{};
  std::size_t have = 0;
  while (have < bytes.size() && std::holds_alternative<NeedMoreBytes>(outcome)) {
    ++have;
    outcome = parse_request_head(bytes.substr(0, have), have - 1, limits, head);
  }
  ensure(outcome.index() == whole.index(), "the split changes the outcome");
  if (const auto* fault = std::get_if<HeadFault>(&outcome)) {
    ensure(fault->status == std::get<HeadFault>(whole).status, "the split changes the status");
  }
  if (std::holds_alternative<ParsedHead>(outcome)) check_same(whole_head, head);
}

void check_accepted(std::string_view bytes, std::size_t head_bytes, const RequestHead& head) {
  const std::string_view text = bytes.substr(0, head_bytes);
  ensure(text.ends_with("\r\n\r\n"), "a head ends with a blank line");
  for (std::size_t at = 0; at < text.size(); ++at) {
    ensure(text[at] != '\n' || (at > 0 && text[at - 1] == '\r'), "a bare LF was accepted");
    ensure(text[at] != '\r' || text[at + 1] == '\n', "a bare CR was accepted");
    ensure(text[at] != '\0', "a NUL was accepted");
  }
  ensure(head.is_http_1_0 || head.fields.count("host") == 1, "HTTP/1.1 needs one Host");
  ensure(head.fields.count("content-length") + head.fields.count("transfer-encoding") <= 1, "two framings");
  ensure(head.fields.count("authorization") <= 1, "two Authorizations");
  ensure(head.fields.count("upgrade") == 0, "an Upgrade was accepted");
  ensure(head.framing != BodyFraming::chunked || !head.is_http_1_0, "chunked in HTTP/1.0");
  ensure(head.target.starts_with('/') || head.target == "*", "a target is in origin form");
}

// What goes on towards an upstream must read there as one head with the framing that we give it.
void check_forwarded(const RequestHead& head) {
  std::string next = "POST / HTTP/1.1\r\n";
  ForwardedExtras extras;
  extras.authority = "upstream";
  append_forwarded_headers(next, head, extras);
  next += "Content-Length: 3\r\n\r\n";
  if (next.size() > limits.head_bytes_max) return;
  RequestHead again;
  const HeadOutcome outcome = parse_request_head(next, 0, limits, again);
  if (const auto* fault = std::get_if<HeadFault>(&outcome)) {
    ensure(fault->status == 431, "a forwarded head is refused by our own grammar");  // ours came on top
    return;
  }
  ensure(std::get<ParsedHead>(outcome).bytes == next.size(), "a forwarded head ends too soon");
  ensure(again.content_length == 3 && again.host == "upstream", "a forwarded head has our framing and Host");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(input), size);
  RequestHead head;
  const HeadOutcome outcome = parse_request_head(bytes, 0, limits, head);
  check_split_invariance(bytes, outcome, head);
  if (const auto* parsed = std::get_if<ParsedHead>(&outcome)) {
    check_accepted(bytes, parsed->bytes, head);
    check_forwarded(head);
    (void)normalise_target(head.target);
  }
  return 0;
}
