#include "gateway/answer_headers.hpp"

#include <algorithm>

#include "base/append_all.hpp"
#include "base/hex_text.hpp"
#include "base/text_pen.hpp"
#include "gateway/reserve_budget.hpp"
#include "gateway/soften_request.hpp"

namespace obleth::gateway {
namespace {

constexpr std::string_view cors_allowed_headers =
    "authorization, content-type, x-api-key, x-request-id, openai-organization, openai-project, x-stainless-*, *";

// ", name;dur=" and as many digits as a time has at most.
constexpr std::size_t duration_bytes_max = 40;

// Milliseconds with three decimals, as Server-Timing takes them.
void write_duration(TextPen& pen, std::string_view name, Duration span) {
  const std::int64_t us = std::max<std::int64_t>(0, whole_us(span));
  pen.plain(name);
  pen.plain(";dur=");
  pen.number(us / 1000);
  pen.character('.');
  for (const std::int64_t unit : {100, 10, 1})
    pen.character(static_cast<char>('0' + us / unit % 10));
}

}  // namespace

void append_request_ids(std::string& lines, const UsageRecord& record) {
  const HexText event_id(record.event_id.bits);
  const std::string_view told_id = record.client_request_id.empty() ? event_id.view() : record.client_request_id;
  append_all(lines, {"x-request-id: ", told_id, "\r\nx-obleth-request-id: ", event_id.view(), "\r\n"});
  // The name by which Anthropic's SDKs look for it.
  const bool anthropic = wire::errors_at(record.route) == wire::ErrorDialect::anthropic;
  if (anthropic) append_all(lines, {"request-id: ", told_id, "\r\n"});
}

void append_cache_outcome(std::string& lines, const UsageRecord& record) {
  if (record.cache == CacheOutcome::off) return;
  lines += "x-obleth-cache: ";
  lines += obleth::to_text(record.cache);
  lines += "\r\n";
}

void append_cross_origin(std::string& lines, const RequestHead& head, const Policy& policy) {
  if (policy.cors_origins.empty()) return;
  const auto origin = head.fields.find("origin");
  if (!origin) return;
  const auto allowed = [&](const std::string& entry) { return entry == "*" || entry == *origin; };
  if (!std::ranges::any_of(policy.cors_origins, allowed)) return;
  lines += "Access-Control-Allow-Origin: ";
  lines += *origin;
  lines += "\r\nVary: Origin\r\nAccess-Control-Expose-Headers: *\r\n";
  if (head.method != "OPTIONS") return;
  lines +=
      "Access-Control-Allow-Methods: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\nAccess-Control-Max-Age: 600\r\n";
  lines += "Access-Control-Allow-Headers: ";
  lines += head.fields.find("access-control-request-headers").value_or(cors_allowed_headers);
  lines += "\r\n";
}

void append_path_headers(std::string& lines, const Softened& softened) {
  append_all(lines, {"x-obleth-admission: ", obleth::to_text(softened.record->admission), "\r\n"});
  append_brownout_header(lines, softened);
  const ports::Reservation& reservation = softened.budget.granted();
  append_rate_headers(lines, reservation.tokens, reservation.requests);
  append_server_timing(lines, softened.timings, Reached::upstream);
}

void append_server_timing(std::string& lines, const Timings& at, Reached reached) {
  append_with_pen(lines, 4 * duration_bytes_max, [&](TextPen& pen) {
    pen.plain("Server-Timing: ");
    write_duration(pen, "auth", at.identified - at.received);
    if (reached >= Reached::budget) write_duration(pen, ", budget", at.funded - at.routed);
    if (reached >= Reached::turn) write_duration(pen, ", queue", at.admitted - at.funded);
    if (reached >= Reached::upstream) write_duration(pen, ", upstream", at.answered - at.sent);
    pen.plain("\r\n");
  });
}

}  // namespace obleth::gateway
