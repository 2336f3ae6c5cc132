// Lists and optional structures as JSON text in one column. Absent members are read as their defaults, so that an
// older version reads what a newer one wrote.
//
// Throws StoreFailure where the text is not what was written here. Pure: any thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/secret.hpp"
#include "domain/access_schedule.hpp"
#include "domain/budget.hpp"
#include "domain/mcp_server.hpp"

namespace obleth::adapters {

[[nodiscard]] std::string to_json(const Quota& quota);
[[nodiscard]] Quota quota_from_json(const std::string& text);

[[nodiscard]] std::string to_json(const Budget& budget);
[[nodiscard]] Budget budget_from_json(const std::string& text);

[[nodiscard]] std::string to_json(const AccessSchedule& schedule);
[[nodiscard]] AccessSchedule schedule_from_json(const std::string& text);

[[nodiscard]] std::string to_json(const std::vector<std::string>& texts);
[[nodiscard]] std::vector<std::string> texts_from_json(const std::string& text);

[[nodiscard]] std::string to_json(const std::vector<McpAccess>& access);
[[nodiscard]] std::vector<McpAccess> access_from_json(const std::string& text);

// Headers are sealed as one text, values and names together.
using SecretHeaders = std::vector<std::pair<std::string, Secret>>;
[[nodiscard]] Secret to_secret_json(const SecretHeaders& headers);
[[nodiscard]] SecretHeaders headers_from_secret_json(const Secret& text);

// Bound as text where they are present: statement.bind(maybe_json(key.budget)).
template <class Value>
[[nodiscard]] std::optional<std::string> maybe_json(const std::optional<Value>& value) {
  return value ? std::optional(to_json(*value)) : std::nullopt;
}

}  // namespace obleth::adapters
