#include "mcp/call_target.hpp"

#include <algorithm>

#include "domain/http_message.hpp"
#include "wire/request_target.hpp"

namespace obleth::mcp {
namespace {

constexpr std::string_view prefix = "/mcp/";

// Takes the segments that count off the front of a raw path: empty ones and "." fold away in matching, too.
std::string_view without_segments(std::string_view path, int segments) {
  while (segments > 0 && !path.empty()) {
    while (path.starts_with('/'))
      path.remove_prefix(1);
    const std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    const bool counts = !segment.empty() && segment != "." && !equals_ignoring_case(segment, "%2e");
    segments -= counts ? 1 : 0;
  }
  while (path.starts_with('/'))
    path.remove_prefix(1);
  return path;
}

std::string_view without_end_slashes(std::string_view path) {
  while (path.ends_with('/'))
    path.remove_suffix(1);
  return path;
}

}  // namespace

bool may_lead_here(std::string_view raw_target) {
  const std::size_t first = raw_target.find_first_not_of('/');
  if (first == std::string_view::npos) return false;
  const char c = raw_target[first];
  return c == 'm' || c == '%' || c == '.';
}

std::optional<CallTarget> read_call_target(std::string_view raw_target) {
  auto matched = wire::normalise_target(raw_target);
  if (!matched || !matched->path.starts_with(prefix) || matched->has_encoded_slash) return std::nullopt;
  const std::string_view below = std::string_view(matched->path).substr(prefix.size());
  CallTarget target{.server = std::string(below.substr(0, below.find('/'))), .query = std::string(matched->raw_query)};
  target.rest = without_segments(raw_target.substr(0, raw_target.find('?')), 2);
  target.path = std::move(matched->path);
  return target;
}

std::string upstream_target(const RegisteredServer& server, const CallTarget& target) {
  std::string at_server = server.path;
  if (!target.rest.empty()) {
    at_server = without_end_slashes(server.path);
    at_server.append("/").append(target.rest);
  }
  if (!target.query.empty()) at_server.append("?").append(target.query);
  return at_server;
}

std::string gateway_target(const RegisteredServer& server, std::string_view at_server) {
  const std::string_view base = without_end_slashes(server.path);
  if (at_server.starts_with(base)) {
    const std::string_view rest = at_server.substr(base.size());
    if (rest.empty() || rest.front() == '/' || rest.front() == '?') at_server = rest;
  }
  std::string target(prefix);
  target += server.record.name;
  target += at_server;
  return target;
}

std::string session_target(const CallTarget& target) {
  return target.query.empty() ? target.path : target.path + "?" + target.query;
}

bool names_session(const CallTarget& target) {
  std::string_view query = target.query;
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    const std::string_view name = part.substr(0, part.find('='));
    if (name.contains('%')) return true;  // it may be any name
    if (equals_ignoring_case(name, "sessionid") || equals_ignoring_case(name, "session_id")) return true;
    query.remove_prefix(std::min(query.size(), part.size() + 1));
  }
  return false;
}

}  // namespace obleth::mcp
