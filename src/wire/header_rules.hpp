// Which headers cross the gateway, in both directions. Pure; appends complete "name: value\r\n" lines.
//
// Client → upstream: everything but hop-by-hop headers (RFC 9110 §7.6.1) and those that Connection names, Host, framing
// (Content-Length, Transfer-Encoding, Trailer, Expect), credentials for us (Authorization, x-api-key,
// Proxy-Authorization), the two ids that we set (x-request-id, traceparent), and headers by which a client could claim
// another identity downstream. What we add is appended after the filter, so Connection can never strip it, and a
// client's header of the same name as one that the operator adds gives way. tracestate goes on only with the valid
// traceparent that it belongs to.
// Upstream → client: everything but hop-by-hop headers, framing, x-obleth-*, and access-control-*: which sites may call
// is the gateway's to say, and two answers to that are none.
// Repeated headers stay repeated, and order is kept.
#pragma once

#include <cstdint>
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

// Host and the client's headers, then what extras adds, then "Via: 1.1 obleth". Empty extras add nothing.
void append_forwarded_headers(std::string& out, const RequestHead& head, const ForwardedExtras& extras);

// A header that the gateway makes for its upstreams, whoever sends it: Accept-Encoding, x-request-id, traceparent, Via.
[[nodiscard]] bool is_made_here(std::string_view name);

// The upstream's headers for the client. Its own request id (x-request-id, or request-id where there is no other) and
// rate-limit headers get the prefix "x-upstream-" (x-ratelimit-limit-tokens → x-upstream-ratelimit-limit-tokens). Date
// and Server stay.
void append_relayed_headers(std::string& out, const ResponseHead& head);

// What a client wants of a cache in front of the upstream.
enum class CacheWish : std::uint8_t {
  anything,
  no_cache,  // a fresh answer, which may be kept
  no_store,  // neither an old answer, nor to be kept
};
[[nodiscard]] CacheWish cache_wish_of(const RequestHead& head);

// Of relayed headers those that are true whenever the answer is told again: not the moment, the ids, the limits and the
// times of the request that it was made for. nullopt: the answer sets a cookie, and is that client's alone.
[[nodiscard]] std::optional<std::string> replayable_headers(std::string_view lines);

// W3C: continues a valid traceparent (same trace id and flags, our span id), or starts a new one. span and trace are
// lower-case hex.
[[nodiscard]] std::string continue_traceparent(std::optional<std::string_view> received,
                                               std::string_view new_trace_id_hex32, std::string_view span_id_hex16);

// "Bearer sk_…" with any case of the scheme; nullopt for another scheme, or a token that is empty or holds blanks.
[[nodiscard]] std::optional<std::string_view> bearer_token(std::string_view authorization);

// 1 – 128 visible ASCII characters.
[[nodiscard]] bool is_acceptable_request_id(std::string_view id);
// The client's own request id in a head that the grammar has refused, as far as one can be made out; else empty.
[[nodiscard]] std::string_view claimed_request_id(std::string_view head_bytes);

}  // namespace obleth::wire
