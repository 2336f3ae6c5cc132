#include "admin/asked_span.hpp"

#include "admin/scalar_text.hpp"

namespace obleth::admin {
namespace {

std::optional<WallTime> moment_from(std::string_view text) {
  if (const auto ms = scaled_integer(text, 0); ms && *ms >= 0) return WallTime{*ms};
  return wall_time_from_rfc3339(text);
}

}  // namespace

void append_span_parameters(std::vector<Parameter>& parameters) {
  const Json plain = Json::object({{"type", "string"}});
  parameters.push_back({"since", plain, "From this moment on (RFC 3339 or Unix ms)."});
  parameters.push_back({"until", plain, "Before this moment (RFC 3339 or Unix ms)."});
}

std::optional<WallTime> asked_moment(const Call& call, std::string_view name, Reading& reading) {
  const auto text = call.asked(name);
  if (!text) return std::nullopt;
  const auto at = moment_from(*text);
  if (!at) reading.fault_at(name, "must be a moment: RFC 3339, or Unix milliseconds");
  return at;
}

}  // namespace obleth::admin
