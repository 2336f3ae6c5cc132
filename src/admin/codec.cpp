#include "admin/codec.hpp"

#include <algorithm>

namespace obleth::admin {
namespace {

constexpr const char* secret_mask = "***";

// Of valid UTF-8: every byte but continuation bytes starts a character.
std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

bool takes_null(const Json& schema) {
  const Json* type = schema.find("type");
  if (type == nullptr) {
    const Json* choices = schema.find("anyOf");
    return choices != nullptr && std::ranges::any_of(*choices->items(), takes_null);
  }
  const Json::List* types = type->items();
  return types == nullptr ? *type == Json("null") : std::ranges::find(*types, Json("null")) != types->end();
}

// The text of a number, or of a string that holds one.
std::optional<std::string_view> decimal_text(const Json& json) {
  if (const Json::Number* number = json.number()) return number->text;
  if (const std::string* text = json.text(); text != nullptr && is_json_number(*text)) return *text;
  return std::nullopt;
}

// decimals: of a text without an exponent; more of them may be zeros.
Json money_schema(const char* example, int decimals) {
  const std::string fraction = "\\.[0-9]{1," + std::to_string(decimals) + "}0*";
  return Json::object({{"type", Json::list({"string", "number"})},
                       {"pattern", "^(0|[1-9][0-9]*)(" + fraction + "|(\\.[0-9]+)?[eE][+-]?[0-9]+)?$"},
                       {"minimum", 0},
                       {"examples", Json::list({example})}});
}

}  // namespace

Codec<std::string> text(TextBounds bounds) {
  return text(bounds, [](const std::string&) { return std::nullopt; });
}

Codec<std::string> text(TextBounds bounds, std::function<std::optional<std::string>(const std::string&)> refuses) {
  Json schema = Json::object({{"type", "string"}, {"maxLength", bounds.characters_max}});
  if (bounds.characters_min > 0) schema.set("minLength", bounds.characters_min);
  schema.set("pattern", bounds.single_line ? "^[^\\u0000-\\u001F\\u007F]*$" : "^[^\\u0000]*$");
  return {
      .schema = std::move(schema),
      .show = [](const std::string& value) { return Json(value); },
      .take = [bounds, refuses = std::move(refuses)](const Json& json, Reading& reading) -> std::optional<std::string> {
        const std::string* value = json.text();
        const std::size_t length = value == nullptr ? 0 : characters(*value);
        if (value == nullptr || length < bounds.characters_min || length > bounds.characters_max) {
          reading.fault("must be text of " + std::to_string(bounds.characters_min) + " to " +
                        std::to_string(bounds.characters_max) + " characters");
          return std::nullopt;
        }
        if (bounds.single_line && has_control_character(*value)) {
          reading.fault("must not hold line breaks or other control characters");
          return std::nullopt;
        }
        if (has_nul(*value)) {
          reading.fault(nul_problem);
          return std::nullopt;
        }
        if (auto problem = refuses(*value)) {
          reading.fault(std::move(*problem));
          return std::nullopt;
        }
        return *value;
      }};
}

Codec<bool> boolean() {
  return {.schema = Json::object({{"type", "boolean"}}),
          .show = [](const bool& value) { return Json(value); },
          .take = [](const Json& json, Reading& reading) -> std::optional<bool> {
            if (json.boolean() != nullptr) return *json.boolean();
            reading.fault("must be true or false");
            return std::nullopt;
          }};
}

Codec<WallTime> timestamp() {
  return {.schema = Json::object({{"type", "string"}, {"format", "date-time"}}),
          .show = [](const WallTime& at) { return Json(to_rfc3339(at)); },
          .take = [](const Json& json, Reading& reading) -> std::optional<WallTime> {
            const auto at = json.text() == nullptr ? std::nullopt : wall_time_from_rfc3339(*json.text());
            if (!at) reading.fault("must be a moment as in 2026-11-01T00:00:00Z (RFC 3339)");
            return at;
          }};
}

Codec<Secret> credential() {
  // A credential becomes a header's value: visible ASCII and spaces, nothing that could end the line.
  Codec<std::string> plain =
      text({.characters_min = 1, .characters_max = 8192}, [](const std::string& value) -> std::optional<std::string> {
        const bool visible = std::ranges::all_of(value, [](char c) { return c >= 0x20 && c < 0x7F; });
        if (visible && value.front() != ' ' && value.back() != ' ') return std::nullopt;
        return "must be visible ASCII characters, without spaces around them";
      });
  plain.schema.set("pattern", "^[!-~]([ -~]*[!-~])?$");
  return {.schema = plain.schema,
          .show = [](const Secret&) { return Json(secret_mask); },
          .take = [plain](const Json& json, Reading& reading) -> std::optional<Secret> {
            auto value = plain.take(json, reading);
            return value ? std::optional(Secret(std::move(*value))) : std::nullopt;
          }};
}

Codec<PicoUsd> price() {
  Json schema = money_schema("0.000003", 12);
  schema.set("maximum", 1'000'000);
  schema.set("description", "Dollars, from 0 to 1000000 with at most 12 decimals.");
  return {.schema = std::move(schema),
          .show = [](const PicoUsd& value) { return Json(to_decimal(value)); },
          .take = [](const Json& json, Reading& reading) -> std::optional<PicoUsd> {
            const auto digits = decimal_text(json);
            const auto value = digits ? pico_usd_from_decimal(*digits) : std::nullopt;
            if (!value) reading.fault("must be dollars from 0 to 1000000 with at most 12 decimals, as in 0.000003");
            return value;
          }};
}

Codec<NanoUsd> dollars() {
  const std::string range = "from " + scaled_text(1, 9) + " to " +
                            scaled_text(std::numeric_limits<std::int64_t>::max(), 9) + " with at most 9 decimals";
  Json above_zero = money_schema("250.00", 9);
  above_zero.set("minimum", Json::number(scaled_text(1, 9)));
  above_zero.set("maximum", Json::number(scaled_text(std::numeric_limits<std::int64_t>::max(), 9)));
  above_zero.set("description", "Dollars, " + range + ".");
  above_zero.set("pattern", "^(?=[0-9.]*[1-9])" + above_zero.find("pattern")->text()->substr(1));
  return {.schema = std::move(above_zero),
          .show = [](const NanoUsd& value) { return Json(to_decimal(value)); },
          .take = [range](const Json& json, Reading& reading) -> std::optional<NanoUsd> {
            const auto digits = decimal_text(json);
            const auto value = digits ? nano_usd_from_decimal(*digits) : std::nullopt;
            if (value && value->value > 0) return value;
            reading.fault("must be dollars " + range + ", as in \"250.00\", or null for no limit");
            return std::nullopt;
          }};
}

Codec<Thousandths> thousandths(std::int64_t min, std::int64_t max) {
  const std::string low = scaled_text(min, 3);
  const std::string high = scaled_text(max, 3);
  return {.schema = Json::object({{"type", "number"}, {"minimum", Json::number(low)}, {"maximum", Json::number(high)}}),
          .show = [](const Thousandths& value) { return Json::number(scaled_text(value.value, 3)); },
          .take = [=](const Json& json, Reading& reading) -> std::optional<Thousandths> {
            const auto value = json.number() == nullptr ? std::nullopt : scaled_integer(json.number()->text, 3);
            if (value && *value >= min && *value <= max) return Thousandths{*value};
            reading.fault("must be a number from " + low + " to " + high + " with at most 3 decimals");
            return std::nullopt;
          }};
}

Json whole_schema(std::int64_t min, std::int64_t max) {
  return Json::object({{"type", "integer"}, {"minimum", min}, {"maximum", max}});
}

std::optional<std::int64_t> take_whole(const Json& json, Reading& reading, std::int64_t min, std::int64_t max) {
  const auto value = json.number() == nullptr ? std::nullopt : scaled_integer(json.number()->text, 0);
  if (value && *value >= min && *value <= max) return value;
  reading.fault("must be a whole number from " + std::to_string(min) + " to " + std::to_string(max));
  return std::nullopt;
}

Json choice_schema(const std::vector<std::string>& names) {
  Json list = Json::list();
  for (const std::string& name : names)
    list.append(name);
  return Json::object({{"type", "string"}, {"enum", std::move(list)}});
}

std::string must_be_one_of(const std::vector<std::string>& names) {
  std::string problem = "must be one of";
  for (const std::string& name : names)
    problem += (&name == &names.front() ? " \"" : ", \"") + name + "\"";
  return problem;
}

Json or_null(Json schema) {
  if (takes_null(schema)) return schema;
  if (schema.find("enum") != nullptr || schema.find("type") == nullptr)
    return Json::object({{"anyOf", Json::list({std::move(schema), Json::object({{"type", "null"}})})}});
  const Json type = *schema.find("type");
  Json types = type.items() != nullptr ? type : Json::list({type});
  types.append("null");
  schema.set("type", std::move(types));
  return schema;
}

Json list_schema(Json item, std::size_t min, std::size_t max) {
  Json schema = Json::object({{"type", "array"}, {"items", std::move(item)}, {"maxItems", max}});
  if (min > 0) schema.set("minItems", min);
  return schema;
}

}  // namespace obleth::admin
