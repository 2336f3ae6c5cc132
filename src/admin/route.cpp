#include "admin/route.hpp"

#include <algorithm>
#include <utility>

#include "admin/utf8.hpp"
#include "base/ensure.hpp"
#include "wire/percent_text.hpp"

namespace obleth::admin {
namespace {

// Empty segments fold, so "/api/v1//tenants/" is "/api/v1/tenants".
std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    if (slash != 0) segments.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return segments;
}

bool is_placeholder(std::string_view segment) {
  return segment.starts_with('{');
}

using Pattern = std::vector<std::string>;

bool fits(const Pattern& pattern, const std::vector<std::string>& path) {
  return std::ranges::equal(pattern, path, [](const std::string& expected, const std::string& actual) {
    return is_placeholder(expected) || expected == actual;
  });
}

std::vector<NamedText> path_values(const Pattern& pattern, const std::vector<std::string>& path) {
  std::vector<NamedText> values;
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    if (is_placeholder(pattern[at])) values.push_back({pattern[at].substr(1, pattern[at].size() - 2), path[at]});
  }
  return values;
}

}  // namespace

void RouteTable::add(Route route) {
  route.tag = tag_;
  ensure(static_cast<bool>(route.answer) != static_cast<bool>(route.stream), "a route answers in one way");
  const auto segments = segments_of(route.pattern);
  segments_.emplace_back(segments.begin(), segments.end());
  routes_.push_back(std::move(route));
}

void RouteTable::describe(std::string schema_name, Json schema) {
  const bool added = schemas_.emplace(std::move(schema_name), std::move(schema)).second;
  ensure(added, "a schema is described once");
}

RouteMatch RouteTable::match(std::string_view method, std::string_view path) const {
  std::vector<std::string> segments;
  for (const std::string_view segment : segments_of(path)) {
    auto decoded = percent_decoded(segment, false);
    if (!decoded) return {};
    segments.push_back(std::move(*decoded));
  }
  RouteMatch match;
  for (std::size_t at = 0; at < routes_.size(); ++at) {
    if (!fits(segments_[at], segments)) continue;
    const Route& route = routes_[at];
    if (route.method == method || (method == "HEAD" && route.method == "GET" && route.answer)) {
      match.route = &route;
      match.path = path_values(segments_[at], segments);
      return match;
    }
    match.allowed_methods += (match.allowed_methods.empty() ? "" : ", ") + route.method;
  }
  return match;
}

std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space) {
  std::string spaced(text);
  if (plus_is_space) std::ranges::replace(spaced, '+', ' ');
  std::optional<std::string> decoded = wire::percent_decoded(spaced);
  if (!decoded || decoded->contains('\0') || !is_utf8(*decoded)) return std::nullopt;
  return decoded;
}

Json reference_to(const std::string& schema_name) {
  return Json::object({{"$ref", "#/components/schemas/" + schema_name}});
}

Json list_of_schema(const std::string& schema_name) {
  const Json rows = Json::object({{"type", "array"}, {"items", reference_to(schema_name)}});
  const Json cursor = Json::object({{"type", Json::list({"string", "null"})}});
  return Json::object({{"type", "object"},
                       {"properties", Json::object({{"data", rows}, {"next_cursor", cursor}})},
                       {"required", Json::list({"data", "next_cursor"})},
                       {"additionalProperties", false}});
}

}  // namespace obleth::admin
