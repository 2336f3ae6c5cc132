#include "adapters/sql/json_columns.hpp"

#include <boost/json.hpp>
#include <cstdint>
#include <optional>

#include "adapters/sql/enum_text.hpp"
#include "adapters/sql/store_failure.hpp"

namespace obleth::adapters {
namespace {

namespace json = boost::json;

json::value parsed(std::string_view text) {
  boost::system::error_code fault;
  json::value value = json::parse(text, fault);
  if (fault) throw StoreFailure(store_fault(FaultKind::broken, "the database holds text that is not JSON"));
  return value;
}

template <class Member>
void put(json::object& object, const char* name, const std::optional<Member>& value) {
  if (value) object[name] = *value;
}
void put_time(json::object& object, const char* name, const std::optional<WallTime>& time) {
  if (time) object[name] = time->unix_ms;
}

std::optional<std::int64_t> integer_at(const json::object& object, const char* name) {
  const json::value* value = object.if_contains(name);
  return value == nullptr ? std::nullopt : std::optional(value->to_number<std::int64_t>());
}
std::optional<std::uint32_t> small_integer_at(const json::object& object, const char* name) {
  const auto value = integer_at(object, name);
  return value ? std::optional(static_cast<std::uint32_t>(*value)) : std::nullopt;
}
std::optional<WallTime> time_at(const json::object& object, const char* name) {
  const auto value = integer_at(object, name);
  return value ? std::optional(WallTime{*value}) : std::nullopt;
}
std::optional<std::string> text_at(const json::object& object, const char* name) {
  const json::value* value = object.if_contains(name);
  return value == nullptr ? std::nullopt : std::optional(json::value_to<std::string>(*value));
}

// An id stands where former versions wrote a name: to them it is the name of nobody.
template <class Id>
void put_reference(json::object& object, const char* name, const std::optional<IdOrFormerName<Id>>& reference) {
  if (!reference) return;
  const auto* id = std::get_if<Id>(&*reference);
  object[name] = id != nullptr ? id->uuid() : std::get<std::string>(*reference);
}
template <class Id>
std::optional<IdOrFormerName<Id>> reference_at(const json::object& object, const char* name) {
  std::optional<std::string> text = text_at(object, name);
  if (!text) return std::nullopt;
  const std::optional<Id> id = Id::from_text(*text);
  if (id && id->uuid() == *text) return *id;
  return std::move(*text);
}

}  // namespace

std::string to_json(const Quota& quota) {
  json::object object;
  put(object, "tokens_per_minute", quota.tokens_per_minute);
  put(object, "requests_per_minute", quota.requests_per_minute);
  put(object, "max_in_flight", quota.max_in_flight);
  return json::serialize(object);
}

Quota quota_from_json(const std::string& text) {
  const json::value value = parsed(text);
  const json::object& object = value.as_object();
  return {integer_at(object, "tokens_per_minute"), integer_at(object, "requests_per_minute"),
          small_integer_at(object, "max_in_flight")};
}

std::string to_json(const Budget& budget) {
  json::object object{{"period", word_of(budget.period)}};
  put_time(object, "starts_at_ms", budget.starts_at);
  put(object, "tokens", budget.tokens);
  if (budget.cost) object["cost_nano_usd"] = budget.cost->value;
  return json::serialize(object);
}

Budget budget_from_json(const std::string& text) {
  const json::value value = parsed(text);
  const json::object& object = value.as_object();
  Budget budget;
  budget.period = value_of<BudgetPeriod>(object.at("period").as_string());
  budget.starts_at = time_at(object, "starts_at_ms");
  budget.tokens = integer_at(object, "tokens");
  if (const auto cost = integer_at(object, "cost_nano_usd")) budget.cost = NanoUsd{*cost};
  return budget;
}

std::string to_json(const AccessSchedule& schedule) {
  json::object object{{"timezone", schedule.timezone}};
  put_time(object, "active_from_ms", schedule.active_from);
  put_time(object, "active_until_ms", schedule.active_until);
  json::array windows;
  for (const WeeklyWindow& window : schedule.weekly_windows) {
    windows.push_back({{"day", window.day}, {"start", window.start_minute}, {"end", window.end_minute}});
  }
  if (!windows.empty()) object["weekly_windows"] = std::move(windows);
  return json::serialize(object);
}

AccessSchedule schedule_from_json(const std::string& text) {
  const json::value value = parsed(text);
  const json::object& object = value.as_object();
  AccessSchedule schedule;
  if (const auto timezone = text_at(object, "timezone")) schedule.timezone = *timezone;
  schedule.active_from = time_at(object, "active_from_ms");
  schedule.active_until = time_at(object, "active_until_ms");
  const json::value* windows = object.if_contains("weekly_windows");
  if (windows == nullptr) return schedule;
  for (const json::value& window : windows->as_array()) {
    schedule.weekly_windows.push_back({window.at("day").to_number<std::uint8_t>(),
                                       window.at("start").to_number<std::uint16_t>(),
                                       window.at("end").to_number<std::uint16_t>()});
  }
  return schedule;
}

std::string to_json(const std::vector<std::string>& texts) {
  return json::serialize(json::value_from(texts));
}

std::vector<std::string> texts_from_json(const std::string& text) {
  return json::value_to<std::vector<std::string>>(parsed(text));
}

std::string to_json(const std::vector<McpAccess>& access) {
  json::array rules;
  for (const McpAccess& rule : access) {
    json::object object;
    put_reference(object, "tenant", rule.tenant);
    put_reference(object, "group", rule.group);
    if (rule.tools) object["tools"] = json::value_from(*rule.tools);
    rules.push_back(std::move(object));
  }
  return json::serialize(rules);
}

std::vector<McpAccess> access_from_json(const std::string& text) {
  std::vector<McpAccess> access;
  const json::value rules = parsed(text);
  for (const json::value& rule : rules.as_array()) {
    const json::object& object = rule.as_object();
    const json::value* tools = object.if_contains("tools");
    access.push_back(
        {reference_at<TenantId>(object, "tenant"), reference_at<GroupId>(object, "group"),
         tools == nullptr ? std::nullopt : std::optional(json::value_to<std::vector<std::string>>(*tools))});
  }
  return access;
}

Secret to_secret_json(const SecretHeaders& headers) {
  json::array pairs;
  for (const auto& [name, value] : headers) {
    pairs.push_back(json::array{name, value.reveal()});
  }
  return Secret(json::serialize(pairs));
}

SecretHeaders headers_from_secret_json(const Secret& text) {
  SecretHeaders headers;
  const json::value pairs = parsed(text.reveal());
  for (const json::value& pair : pairs.as_array()) {
    headers.emplace_back(json::value_to<std::string>(pair.at(0)), Secret(json::value_to<std::string>(pair.at(1))));
  }
  return headers;
}

}  // namespace obleth::adapters
