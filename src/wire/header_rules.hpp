// Which headers cross the gateway, in both directions. Pure; appends complete "name: value\r\n" lines.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "domain/http_message.hpp"

namespace obleth::wire {

struct ForwardedExtras {
  std::string_view authority;   // Host
  std::string_view credential;  // "Bearer …" complete; empty = none
  std::string_view request_id;  // x-request-id towards the upstream (the event id)
  std::string_view traceparent;
  bool identity_encoding = false;                                      // Accept-Encoding: identity (priced routes)
  std::span<const std::string> strip;                                  // the operator's own list, any case
  std::span<const std::pair<std::string_view, std::string_view>> add;  // the operator's extra headers
};

// Everything but hop-by-hop headers (and those that Connection names), Host, Authorization, x-api-key, Content-Length,
// Transfer-Encoding, Expect, x-request-id, traceparent and the identity headers; repeated headers stay repeated.
void append_forwarded_headers(std::string& out, const RequestHead& head, const ForwardedExtras& extras);

// The upstream's headers for the client: less hop-by-hop and framing; its own request id and rate-limit headers get
// the prefix "x-upstream-", x-obleth-* are dropped. Date and Server stay.
void append_relayed_headers(std::string& out, const ResponseHead& head);

// W3C: continues a valid traceparent (same trace id and flags, our span id), or starts a new one. span and trace are
// hex.
[[nodiscard]] std::string continue_traceparent(std::optional<std::string_view> received,
                                               std::string_view new_trace_id_hex32, std::string_view span_id_hex16);

// "Bearer sk_…" with any case of the scheme.
[[nodiscard]] std::optional<std::string_view> bearer_token(std::string_view authorization);

// 1 – 128 visible ASCII characters.
[[nodiscard]] bool is_acceptable_request_id(std::string_view id);

}  // namespace obleth::wire
