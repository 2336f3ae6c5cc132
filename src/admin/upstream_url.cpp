#include "admin/upstream_url.hpp"

#include <algorithm>
#include <array>

#include "domain/http_message.hpp"
#include "domain/upstream_address.hpp"
#include "wire/header_rules.hpp"
#include "wire/http_syntax.hpp"

namespace obleth::admin {
namespace {

constexpr std::size_t url_length_max = 2048;
constexpr std::size_t headers_max = 32;
constexpr std::size_t header_name_length_max = 128;

// Of the one connection, or of the frame of one message.
constexpr std::array<std::string_view, 10> reserved_headers = {
    "host", "content-length",   "transfer-encoding", "connection", "keep-alive",
    "te",   "proxy-connection", "trailer",           "upgrade",    "expect"};

std::optional<std::string> url_problem(const std::string& url) {
  const Result<UpstreamAddress> address = parse_upstream_address(url);
  if (!address)
    return "must be an http:// or https:// URL with a host, and without user, query or fragment, as in "
           "http://vllm-1:8000/v1";
  if (is_disguised_address(address->host)) return "must name its host by a name or by an address in its usual form";
  return std::nullopt;
}

bool is_header_name(std::string_view name) {
  return !name.empty() && name.size() <= header_name_length_max && wire::all_in(name, wire::token_char);
}

bool is_reserved(std::string_view name) {
  return wire::is_made_here(name) || std::ranges::any_of(reserved_headers, [name](std::string_view reserved) {
           return equals_ignoring_case(reserved, name);
         });
}

void take_header(HeaderSecrets& headers, const Json::Member& member, Reading& reading) {
  const auto& [name, json] = member;
  if (!is_header_name(name)) return reading.fault("is not the name of a header");
  if (is_reserved(name)) return reading.fault("is a header that the gateway makes itself");
  auto value = nullable(credential()).take(json, reading);
  if (!value) return;
  std::erase_if(headers, [&name](const auto& header) { return equals_ignoring_case(header.first, name); });
  if (*value) headers.emplace_back(name, std::move(**value));
}

}  // namespace

Codec<std::string> upstream_url() {
  Codec<std::string> url = text({.characters_min = 1, .characters_max = url_length_max}, url_problem);
  url.schema.set("format", "uri");
  return url;
}

void refuse_address(const std::string& url, std::string_view member, const RecordDesk& desk, Reading& reading) {
  const Result<UpstreamAddress> address = parse_upstream_address(url);
  if (address && desk.given().is_refused_host(address->host))
    reading.fault_at(member,
                     "is an address that the gateway never connects to (link-local, cloud metadata, or private "
                     "where private networks are blocked)");
}

void refuse_unsealable(std::string_view member, const RecordDesk& desk, Reading& reading) {
  if (!desk.given().sealer.can_seal())
    reading.fault_at(member,
                     "cannot be stored: start the gateway with OBLETH_ENCRYPTION_KEY (32 bytes, as base64 or "
                     "64 hex digits)");
}

void take_headers(HeaderSecrets& headers, const Json& json, Reading& reading) {
  if (json.is_null()) return headers.clear();
  if (json.members() == nullptr) return reading.fault("must be an object of header names and values, or null");
  for (const Json::Member& member : *json.members()) {
    const auto inside = reading.member(member.first);
    take_header(headers, member, reading);
  }
  if (headers.size() > headers_max) reading.fault("must be at most " + std::to_string(headers_max) + " headers");
}

Json headers_schema() {
  return Json::object(
      {{"type", Json::list({"object", "null"})},
       {"description", "Header names and values. One that is not named keeps its value; null removes it."},
       {"maxProperties", headers_max},
       {"propertyNames",
        Json::object({{"pattern", "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"}, {"maxLength", header_name_length_max}})},
       {"additionalProperties", nullable(credential()).schema}});
}

Json header_names(const HeaderSecrets& headers) {
  Json names = Json::list();
  for (const auto& [name, value] : headers)
    names.append(name);
  return names;
}

}  // namespace obleth::admin
