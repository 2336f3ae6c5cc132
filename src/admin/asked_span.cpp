#include "admin/asked_span.hpp"

#include "admin/scalar_text.hpp"

namespace obleth::admin {
namespace {

std::optional<WallTime> moment_from(std::string_view text) {
  if (const auto ms = scaled_integer(text, 0); ms && *ms >= 0) return WallTime{*ms};
  return wall_time_from_rfc3339(text);
}

}  // namespace

Json moment_schema() {
  return Json::object(
      {{"type", "string"},
       {"pattern",
        "^([0-9]+|[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2}))$"},
       {"examples", Json::list({"2026-11-01T00:00:00Z", "1793491200000"})}});
}

void append_span_parameters(std::vector<Parameter>& parameters) {
  parameters.push_back({"since", moment_schema(), "From this moment on (RFC 3339 or Unix ms)."});
  parameters.push_back({"until", moment_schema(), "Before this moment (RFC 3339 or Unix ms)."});
}

std::optional<WallTime> asked_moment(const Call& call, std::string_view name, Reading& reading) {
  const auto text = call.asked(name);
  if (!text) return std::nullopt;
  const auto at = moment_from(*text);
  if (!at) reading.fault_at(name, "must be a moment: RFC 3339, or Unix milliseconds");
  return at;
}

}  // namespace obleth::admin
