// Which route a path is, and how it is treated. Matching only: what is forwarded is the raw target. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/policy.hpp"
#include "wire/dialects.hpp"
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

inline constexpr std::string_view any_method = "GET, HEAD, POST, PUT, PATCH, DELETE";
inline constexpr std::string_view mcp_methods = "GET, POST, DELETE";  // at the MCP servers, which are no route's

struct Route {
  Treatment treatment = Treatment::metered;
  std::string_view name = "passthrough";  // the label in metrics and ledger: closed set
  std::string_view methods = any_method;  // those that it takes, as Allow tells them
  wire::Dialect dialect = wire::Dialect::any;
  std::string model_id;             // of /v1/models/{id}
  bool other_methods_pass = false;  // through, metered: below /v1/audio servers list their voices

  [[nodiscard]] const wire::DialectRules& rules() const { return wire::rules_of(dialect); }
};

// any_method stands for those that have no name here, too; OPTIONS is taken everywhere.
[[nodiscard]] bool takes(std::string_view methods, std::string_view method);

[[nodiscard]] Route match_route(const wire::MatchedPath& path, const Policy& policy);

}  // namespace obleth::gateway
