// What a route answers: a status and a JSON body, or a refusal in the Management API's own error shape.
//
// {"error":{"message","code","details":[{"field","problem"}]}}. The one place where faults of ports become statuses of
// this API. Thread: values.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "admin/json.hpp"
#include "admin/reading.hpp"
#include "base/error.hpp"

namespace obleth::admin {

struct Reply {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  std::string header_lines = {};  // complete lines beyond Content-Type
  bool overtaken = false;         // nothing is done: the record moved on under the call, which is answered anew
};

// Of a write that is done, as a header line (RFC 7234, 5.5).
inline constexpr std::string_view replicas_untold_warning =
    "Warning: 199 obleth \"The other replicas could not be told of this change: they find it within seconds.\"\r\n";

// A value on the way to an answer, or the refusal that is the answer.
template <class T = void>
using Outcome = std::expected<T, Reply>;

[[nodiscard]] Reply answer(int status, const Json& body);
[[nodiscard]] Reply no_content();

[[nodiscard]] Reply refuse(int status, std::string_view code, std::string_view message,
                           const std::vector<Problem>& problems = {});
// 400 with every fault of the reading.
[[nodiscard]] Reply refuse_body(const Reading& reading);
[[nodiscard]] Reply refuse_field(std::string field, std::string problem);
// kind as in "tenant".
[[nodiscard]] Reply not_found(std::string_view kind, std::string_view name);
[[nodiscard]] Reply conflict(std::string field, std::string problem);
[[nodiscard]] Reply refuse_fault(const Fault& fault);

// The schema of every refusal, for openapi.json.
[[nodiscard]] Json error_schema();

}  // namespace obleth::admin
