#include "wire/header_rules.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "base/text_pen.hpp"
#include "wire/byte_block.hpp"
#include "wire/head_fields.hpp"
#include "wire/http_syntax.hpp"
#include "wire/name_table.hpp"

namespace obleth::wire {
namespace {

template <std::size_t count>
class NameSet {
 public:
  consteval explicit NameSet(const std::array<std::string_view, count>& names) : names_(names) {}
  [[nodiscard]] bool contains(std::string_view name) const { return names_.find_token(name) < count; }

 private:
  NameTable<count> names_;
};

template <std::size_t... counts>
consteval auto joined(const std::array<std::string_view, counts>&... lists) {
  std::array<std::string_view, (counts + ...)> all{};
  auto at = all.begin();
  ((at = std::ranges::copy(lists, at).out), ...);
  return all;
}

constexpr std::array<std::string_view, 10> hop_by_hop_names{
    "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "te",
    "trailer",    "upgrade",    "http2-settings",   "transfer-encoding",  "content-length"};
constexpr std::array<std::string_view, 7> ours_in_requests{
    "host", "authorization", "x-api-key", "proxy-authorization", "expect", "x-request-id", "traceparent"};
constexpr std::array<std::string_view, 3> identity_claims{"user", "x-gateway-inference-fairness-id",
                                                          "x-llm-d-inference-fairness-id"};
constexpr NameSet hop_by_hop(hop_by_hop_names);
constexpr NameSet not_forwarded(joined(hop_by_hop_names, ours_in_requests, identity_claims));
constexpr NameSet<4> made_here({"accept-encoding", "x-request-id", "traceparent", "via"});
// As providers and proxies write them; their prefixes are in replayable_headers.
constexpr NameSet<16> of_one_request({"date", "age", "retry-after", "retry-after-ms", "server-timing", "traceparent",
                                      "tracestate", "request-id", "x-upstream-request-id", "openai-processing-ms",
                                      "cf-ray", "x-envoy-upstream-service-time", "x-amzn-requestid", "apim-request-id",
                                      "x-ms-request-id", "x-trace-id"});
bool starts_ignoring_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && equals_ignoring_case(text.substr(0, prefix.size()), prefix);
}

// What the Connection fields name, less what hop_by_hop drops anyway.
class ConnectionOptions {
 public:
  explicit ConnectionOptions(const HeaderBlock& fields) {
    for (const HeaderField& field : fields.fields()) {
      if (!is_named(field.name, "connection")) continue;
      for_each_list_item(field.value, [this](std::string_view option) { take(option); });
    }
  }
  [[nodiscard]] bool name(std::string_view header) const {
    return std::ranges::any_of(options_, [header](std::string_view one) { return equals_ignoring_case(one, header); });
  }

 private:
  void take(std::string_view option) {
    // The grammar bounds how many there are.
    if (!equals_ignoring_case(option, "close") && !hop_by_hop.contains(option)) options_.push_back(option);
  }

  std::vector<std::string_view> options_;  // hardly ever any
};

constexpr std::size_t line_marks_bytes = 4;  // ": " and CR LF

void write_line(TextPen& pen, std::string_view name, std::string_view value) {
  pen.plain(name);
  pen.plain(": ");
  pen.plain(value);
  pen.plain("\r\n");
}

void write_unless_empty(TextPen& pen, std::string_view name, std::string_view value) {
  if (!value.empty()) write_line(pen, name, value);
}

// As long as the fields can become, each with a prefix of so many bytes.
std::size_t bytes_max_of(const HeaderBlock& fields, std::size_t prefix_bytes) {
  std::size_t bytes = 0;
  for (const HeaderField& field : fields.fields())
    bytes += prefix_bytes + field.name.size() + field.value.size() + line_marks_bytes;
  return bytes;
}

bool is_replaced(std::string_view name, const ForwardedExtras& extras) {
  if (extras.identity_encoding && equals_ignoring_case(name, "accept-encoding")) return true;
  const auto is_it = [name](std::string_view other) { return equals_ignoring_case(name, other); };
  return std::ranges::any_of(extras.strip, is_it) ||
         std::ranges::any_of(extras.add, [&](const auto& line) { return is_it(line.first); });
}

bool is_lower_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return is_in(c, hex_char) && c == lower_case(c); });
}

bool is_zero(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c == '0'; });
}

constexpr std::size_t traceparent_bytes = 55;

struct TraceParent {
  std::string_view trace_id;
  std::string_view flags;
};

// version "-" trace-id "-" parent-id "-" flags (W3C Trace Context, §3.2).
std::optional<TraceParent> read_traceparent(std::string_view text) {
  if (text.size() < traceparent_bytes || text[2] != '-' || text[35] != '-' || text[52] != '-') return std::nullopt;
  const std::string_view version = text.substr(0, 2);
  const std::string_view trace_id = text.substr(3, 32);
  const std::string_view parent_id = text.substr(36, 16);
  const std::string_view flags = text.substr(53, 2);
  if (!is_lower_hex(version) || !is_lower_hex(trace_id) || !is_lower_hex(parent_id) || !is_lower_hex(flags)) {
    return std::nullopt;
  }
  if (version == "ff" || is_zero(trace_id) || is_zero(parent_id)) return std::nullopt;
  // A later version may say more after a dash; what version 00 says stands where it stood.
  const bool ends_well = text.size() == traceparent_bytes || (version != "00" && text[traceparent_bytes] == '-');
  return ends_well ? std::optional<TraceParent>({trace_id, flags}) : std::nullopt;
}

// What a vendor noted belongs to the trace that it came with (W3C Trace Context, §3.4).
bool continues_a_trace(const HeaderBlock& fields) {
  const auto received = fields.find("traceparent");
  return received && read_traceparent(*received);
}

}  // namespace

void append_forwarded_headers(std::string& out, const RequestHead& head, const ForwardedExtras& extras) {
  constexpr std::string_view ours =
      "Host: \r\nAuthorization: \r\nAccept-Encoding: identity\r\nx-request-id: \r\ntraceparent: \r\nVia: 1.1 "
      "obleth\r\n";
  std::size_t bytes_max = bytes_max_of(head.fields, 0) + ours.size() + extras.authority.size() +
                          extras.credential.size() + extras.request_id.size() + extras.traceparent.size();
  for (const auto& [name, value] : extras.add)
    bytes_max += name.size() + value.size() + line_marks_bytes;
  const ConnectionOptions connection(head.fields);
  append_with_pen(out, bytes_max, [&](TextPen& pen) {
    write_unless_empty(pen, "Host", extras.authority);
    for (const HeaderField& field : head.fields.fields()) {
      if (not_forwarded.contains(field.name) || connection.name(field.name)) continue;
      if (is_named(field.name, "tracestate") && !continues_a_trace(head.fields)) continue;
      if (!is_replaced(field.name, extras)) write_line(pen, field.name, field.value);
    }
    write_unless_empty(pen, "Authorization", extras.credential);
    if (extras.identity_encoding) write_line(pen, "Accept-Encoding", "identity");
    for (const auto& [name, value] : extras.add)
      write_line(pen, name, value);
    write_unless_empty(pen, "x-request-id", extras.request_id);
    write_unless_empty(pen, "traceparent", extras.traceparent);
    write_line(pen, "Via", "1.1 obleth");
  });
}

bool is_made_here(std::string_view name) {
  return made_here.contains(name);
}

void append_relayed_headers(std::string& out, const ResponseHead& head) {
  constexpr std::string_view renamed = "x-upstream-";
  const ConnectionOptions connection(head.fields);
  append_with_pen(out, bytes_max_of(head.fields, renamed.size()), [&](TextPen& pen) {
    for (const HeaderField& field : head.fields.fields()) {
      if (hop_by_hop.contains(field.name) || connection.name(field.name)) continue;
      const char first = lower_case(field.name.front());
      if (first == 'x' && starts_ignoring_case(field.name, "x-obleth-")) continue;
      if (first == 'a' && starts_ignoring_case(field.name, "access-control-")) continue;
      const bool is_id = first == 'r' && is_named(field.name, "request-id");
      if (is_id && head.fields.find("x-request-id")) continue;  // told by that name
      const bool is_renamed =
          first == 'x' && (is_named(field.name, "x-request-id") || starts_ignoring_case(field.name, "x-ratelimit-"));
      if (is_renamed || is_id) pen.plain(renamed);
      write_line(pen, is_renamed ? field.name.substr(2) : field.name, field.value);
    }
  });
}

CacheWish cache_wish_of(const RequestHead& head) {
  CacheWish wish = CacheWish::anything;
  for (const HeaderField& field : head.fields.fields()) {
    if (!equals_ignoring_case(field.name, "cache-control")) continue;
    for_each_list_item(field.value, [&wish](std::string_view item) {
      if (equals_ignoring_case(item, "no-store")) wish = CacheWish::no_store;
      if (equals_ignoring_case(item, "no-cache")) wish = std::max(wish, CacheWish::no_cache);
    });
  }
  return wish;
}

std::optional<std::string> replayable_headers(std::string_view lines) {
  std::string kept;
  kept.reserve(lines.size());
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, std::min(lines.find('\n'), lines.size() - 1) + 1);
    lines.remove_prefix(line.size());
    const std::string_view name = line.substr(0, line.find(':'));
    if (equals_ignoring_case(name, "set-cookie") || equals_ignoring_case(name, "set-cookie2")) return std::nullopt;
    const bool tells_limits = starts_ignoring_case(name, "x-upstream-ratelimit-") ||
                              starts_ignoring_case(name, "anthropic-ratelimit-") ||
                              starts_ignoring_case(name, "ratelimit");
    if (!tells_limits && !of_one_request.contains(name)) kept += line;
  }
  return kept;
}

std::string continue_traceparent(std::optional<std::string_view> received, std::string_view new_trace_id_hex32,
                                 std::string_view span_id_hex16) {
  TraceParent parent{new_trace_id_hex32, "01"};
  if (received) parent = read_traceparent(*received).value_or(parent);
  constexpr std::size_t marks_bytes = 5;
  std::string text;
  append_with_pen(text, marks_bytes + parent.trace_id.size() + span_id_hex16.size() + parent.flags.size(),
                  [&](TextPen& pen) {
                    pen.plain("00-");
                    pen.plain(parent.trace_id);
                    pen.character('-');
                    pen.plain(span_id_hex16);
                    pen.character('-');
                    pen.plain(parent.flags);
                  });
  return text;
}

std::optional<std::string_view> bearer_token(std::string_view authorization) {
  constexpr std::string_view scheme = "bearer";
  if (!is_named(authorization.substr(0, scheme.size()), scheme)) return std::nullopt;
  if (authorization.size() == scheme.size() || authorization[scheme.size()] != ' ') return std::nullopt;
  const std::string_view token = trim_blanks(authorization.substr(scheme.size()));
  const char* const end = token.data() + token.size();
  const char* const blank = find_byte(
      token.data(), end, [](ByteBlock bytes) { return bytes.equal_to(' ') | bytes.equal_to('\t'); }, is_blank);
  return blank == end && !token.empty() ? std::optional(token) : std::nullopt;
}

bool is_acceptable_request_id(std::string_view id) {
  constexpr std::size_t size_max = 128;
  return !id.empty() && id.size() <= size_max && std::ranges::all_of(id, [](char c) { return c > 0x20 && c < 0x7F; });
}

std::string_view claimed_request_id(std::string_view head_bytes) {
  constexpr std::string_view name = "x-request-id:";
  std::size_t line_end = head_bytes.find('\n');
  while (line_end != std::string_view::npos) {
    head_bytes.remove_prefix(line_end + 1);
    line_end = head_bytes.find('\n');
    if (!starts_ignoring_case(head_bytes, name)) continue;
    if (line_end == std::string_view::npos) return {};  // there may be more of it
    std::string_view value = head_bytes.substr(name.size(), line_end - name.size());
    while (value.ends_with('\r'))
      value.remove_suffix(1);
    value = trim_blanks(value);
    return is_acceptable_request_id(value) ? value : std::string_view();
  }
  return {};
}

}  // namespace obleth::wire
