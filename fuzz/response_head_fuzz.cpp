// Any bytes as a response head: never a crash; the split of the bytes changes nothing; a body is framed in one way.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ensure.hpp"
#include "wire/header_rules.hpp"
#include "wire/http_head.hpp"

namespace {

using namespace obleth;
using namespace obleth::wire;

constexpr HeadLimits limits;

void check_split_invariance(std::string_view bytes, std::string_view method, const HeadOutcome& whole,
                            const ResponseHead& whole_head) {
  ResponseHead head;
  HeadOutcome outcome = NeedMoreBytes{};
  std::size_t have = 0;
  while (have < bytes.size() && std::holds_alternative<NeedMoreBytes>(outcome)) {
    ++have;
    outcome = parse_response_head(bytes.substr(0, have), have - 1, limits, method, head);
  }
  ensure(outcome.index() == whole.index(), "the split changes the outcome");
  if (!std::holds_alternative<ParsedHead>(outcome)) return;
  ensure(head.status == whole_head.status && head.framing == whole_head.framing, "the split changes the head");
}

void check_accepted(const ResponseHead& head, std::string_view method) {
  ensure(head.status >= 100 && head.status <= 599 && head.status != 101, "a status that HTTP does not have");
  const bool bodiless = head.status < 200 || head.status == 204 || head.status == 304 || method == "HEAD";
  ensure(!bodiless || head.framing == BodyFraming::none, "a body where there is none");
  ensure(head.framing != BodyFraming::until_close || !head.keep_alive, "a close-delimited answer keeps alive");
  ensure(head.fields.count("content-length") + head.fields.count("transfer-encoding") <= 1, "two framings");
}

// The client must read what is relayed as one head with the framing that we give it.
void check_relayed(const ResponseHead& head) {
  std::string next = "HTTP/1.1 200 OK\r\n";
  append_relayed_headers(next, head);
  next += "Content-Length: 3\r\n\r\n";
  if (next.size() > limits.head_bytes_max || head.fields.fields().size() == header_count_max) return;
  ResponseHead again;
  const HeadOutcome outcome = parse_response_head(next, 0, limits, "GET", again);
  ensure(std::holds_alternative<ParsedHead>(outcome), "a relayed head is refused by our own grammar");
  ensure(std::get<ParsedHead>(outcome).bytes == next.size(), "a relayed head ends too soon");
  ensure(again.framing == BodyFraming::length && again.content_length == 3, "a relayed head has our framing");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(input), size);
  for (const std::string_view method : {"POST", "HEAD"}) {
    ResponseHead head;
    const HeadOutcome outcome = parse_response_head(bytes, 0, limits, method, head);
    check_split_invariance(bytes, method, outcome, head);
    if (std::holds_alternative<ParsedHead>(outcome)) {
      check_accepted(head, method);
      check_relayed(head);
    }
  }
  return 0;
}
