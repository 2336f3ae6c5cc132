// From a request's bytes to a Call: the query by the route's own parameters, the body by its kind. Pure but for the
// reading of the body; on the connection's thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "admin/call.hpp"
#include "admin/reply.hpp"
#include "admin/route.hpp"
#include "base/task.hpp"
#include "ports/http_service.hpp"

namespace obleth::admin {

// Parameters that the route does not declare, or that stand twice, are faults: nothing is silently ignored.
[[nodiscard]] Outcome<std::vector<NamedText>> read_query(std::string_view raw_query, const Route& route);

// At most bytes_max, else 413.
Task<Outcome<std::string>> read_body(ports::ClientExchange& exchange, std::uint64_t bytes_max);

// An empty body is an empty object: where everything may be left out, so may the body.
[[nodiscard]] Outcome<Json> read_json(std::string_view body);

}  // namespace obleth::admin
