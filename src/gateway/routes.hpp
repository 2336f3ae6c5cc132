// Which route a path is, and how it is treated. Matching only: what is forwarded is the raw target. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/policy.hpp"
#include "wire/error_body.hpp"
#include "wire/request_body.hpp"
#include "wire/request_target.hpp"

namespace obleth::gateway {

enum class Treatment : std::uint8_t {
  priced,   // tokens are estimated, reserved and settled
  metered,  // passes through: cost by slot time, and by usage where the answer has one
  model_list,
  options,  // a browser's preflight, or a question about the route
  health,
  ready,
  not_found,  // local 404
  refused,    // controls an inference server: 403
};

struct Route {
  Treatment treatment = Treatment::metered;
  std::string_view name = "passthrough";  // the label in metrics and ledger: closed set
  std::string_view method;                // the one method it takes; empty = any
  wire::BodyDialect dialect = wire::BodyDialect::any;
  wire::ErrorDialect errors = wire::ErrorDialect::openai;
  std::string_view cap_name = "max_tokens";
  std::string model_id;                 // of /v1/models/{id}
  bool needs_registered_model = false;  // an unknown model is 404, not the default upstream's business
};

// In whose shape a route's errors are told.
[[nodiscard]] wire::ErrorDialect dialect_of(std::string_view route_name);

[[nodiscard]] Route match_route(const wire::MatchedPath& path, const Policy& policy);

}  // namespace obleth::gateway
