// The third reading of the table of settings, beside the two of options_reference.cpp: for openapi.json.
#include <utility>

#include "app/live_settings.hpp"
#include "app/options_table.hpp"

namespace obleth::app {
namespace {

using admin::Json;

// Any setting may be given as text; null goes back to the start's value.
Json text_schema(std::string pattern) {
  return Json::object({{"type", Json::list({"string", "null"})}, {"pattern", std::move(pattern)}});
}

// A bare number may be JSON's own; each counts so many of the unit that the rule is in.
Json number_schema(const ValueRule& rule, std::uint64_t each, std::string pattern) {
  return Json::object({{"type", Json::list({"integer", "string", "null"})},
                       {"minimum", (rule.least + each - 1) / each},
                       {"maximum", rule.most / each},
                       {"pattern", std::move(pattern)}});
}

Json choice_schema(std::span<const std::string_view> words) {
  Json values = Json::list();
  for (const std::string_view word : words)
    values.append(word);
  values.append(nullptr);
  return Json::object({{"enum", std::move(values)}});
}

// Apart by type: generators of clients take no enum of two.
Json switch_schema() {
  const Json words = Json::object({{"type", "string"}, {"enum", Json::list({"true", "false"})}});
  const Json none = Json::object({{"type", "null"}});
  return Json::object({{"anyOf", Json::list({Json::object({{"type", "boolean"}}), words, none})}});
}

Json schema_of(const Setting& setting) {
  const auto bare_ms = static_cast<std::uint64_t>(whole_ms(setting.rule.bare_unit));
  if (!setting.words.empty()) return choice_schema(setting.words);
  if (setting.type == "true or false") return switch_schema();
  if (setting.type == "number") return number_schema(setting.rule, 1, "^[0-9]+$");
  if (setting.type == "bytes") return number_schema(setting.rule, 1, "^[0-9]+(B|KiB|MiB|GiB)?$");
  if (setting.type == "time") return number_schema(setting.rule, bare_ms, "^[0-9]+(ms|s|m|h)?$");
  if (setting.type == "URL") return text_schema("^https?://[^?#@]+$");
  return Json::object({{"type", Json::list({"string", "null"})}});  // a list
}

}  // namespace

Json::Object live_setting_schemas() {
  Json::Object schemas;
  for (const Setting& setting : settings()) {
    if (!setting.is_live) continue;
    Json schema = schema_of(setting);
    schema.set("description", setting.help);
    schemas.emplace_back(setting.name, std::move(schema));
  }
  return schemas;
}

}  // namespace obleth::app
