// How one kind of value stands in JSON: its schema, how it is shown, how it is read and what is refused.
//
// A resource is declared once out of these (fields.hpp); reading, showing and openapi.json all come from that
// declaration. Thread: immutable values, any thread.
#pragma once

#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "admin/json.hpp"
#include "admin/reading.hpp"
#include "admin/scalar_text.hpp"
#include "base/secret.hpp"
#include "domain/model.hpp"
#include "domain/money.hpp"

namespace obleth::admin {

template <class V>
struct Codec {
  Json schema;
  std::function<Json(const V&)> show;
  // Absent: refused, and the reading has the fault.
  std::function<std::optional<V>(const Json&, Reading&)> take;
};

// The record keeps no NUL: PostgreSQL has none in its texts.
inline constexpr const char* nul_problem = "must not hold NUL characters";
[[nodiscard]] inline bool has_nul(std::string_view text) {
  return text.contains('\0');
}

// ---- scalars ----------------------------------------------------------------------------------------------------

struct TextBounds {
  std::size_t characters_min = 0;
  std::size_t characters_max = 0;
  bool single_line = true;  // no control characters
};
[[nodiscard]] Codec<std::string> text(TextBounds bounds);
// text with one more rule: refuses answers the problem, or nothing.
[[nodiscard]] Codec<std::string> text(TextBounds bounds,
                                      std::function<std::optional<std::string>(const std::string&)> refuses);
[[nodiscard]] Codec<bool> boolean();
[[nodiscard]] Codec<WallTime> timestamp();
// Credentials: written, never shown. show answers a mask, for the audit log.
[[nodiscard]] Codec<Secret> credential();
// JSON numbers or decimal text; shown as text, so that no reader rounds them.
[[nodiscard]] Codec<PicoUsd> price();
[[nodiscard]] Codec<NanoUsd> dollars();
// Numbers of at most three decimals, in thousandths.
[[nodiscard]] Codec<Thousandths> thousandths(std::int64_t min, std::int64_t max);

[[nodiscard]] Json whole_schema(std::int64_t min, std::int64_t max);
[[nodiscard]] std::optional<std::int64_t> take_whole(const Json& json, Reading& reading, std::int64_t min,
                                                     std::int64_t max);

template <class Integer>
[[nodiscard]] Codec<Integer> whole(std::type_identity_t<Integer> min, std::type_identity_t<Integer> max) {
  const auto low = static_cast<std::int64_t>(min);
  const auto high = static_cast<std::int64_t>(max);
  return {.schema = whole_schema(low, high),
          .show = [](const Integer& value) { return Json(value); },
          .take = [low, high](const Json& json, Reading& reading) -> std::optional<Integer> {
            const auto value = take_whole(json, reading, low, high);
            return value ? std::optional(static_cast<Integer>(*value)) : std::nullopt;
          }};
}

// ---- choices, ids -----------------------------------------------------------------------------------------------

template <class Enum>
using Choices = std::vector<std::pair<std::string, Enum>>;

[[nodiscard]] Json choice_schema(const std::vector<std::string>& names);
[[nodiscard]] std::string must_be_one_of(const std::vector<std::string>& names);

template <class Enum>
[[nodiscard]] Codec<Enum> choice(Choices<Enum> choices) {
  std::vector<std::string> names;
  for (const auto& [name, value] : choices)
    names.push_back(name);
  return {.schema = choice_schema(names),
          .show =
              [choices](const Enum& value) {
                for (const auto& [name, candidate] : choices) {
                  if (candidate == value) return Json(name);
                }
                return Json();
              },
          .take = [choices, names](const Json& json, Reading& reading) -> std::optional<Enum> {
            for (const auto& [name, candidate] : choices) {
              if (json.text() != nullptr && *json.text() == name) return candidate;
            }
            reading.fault(must_be_one_of(names));
            return std::nullopt;
          }};
}

template <class Id>
[[nodiscard]] Codec<Id> uuid() {
  return {.schema = Json::object({{"type", "string"}, {"format", "uuid"}}),
          .show = [](const Id& id) { return Json(id.uuid()); },
          .take = [](const Json& json, Reading& reading) -> std::optional<Id> {
            const auto id = json.text() == nullptr ? std::nullopt : Id::from_text(*json.text());
            if (!id) reading.fault("must be an id, as in 123e4567-e89b-12d3-a456-426614174000");
            return id;
          }};
}

// ---- composites -------------------------------------------------------------------------------------------------

// The schema, or null; unless that is said already.
[[nodiscard]] Json or_null(Json schema);
[[nodiscard]] Json list_schema(Json item, std::size_t min, std::size_t max);

// Null is absent: no limit, not set.
template <class V>
[[nodiscard]] Codec<std::optional<V>> nullable(Codec<V> codec) {
  return {.schema = or_null(codec.schema),
          .show = [codec](const std::optional<V>& value) { return value ? codec.show(*value) : Json(); },
          .take = [codec](const Json& json, Reading& reading) -> std::optional<std::optional<V>> {
            if (json.is_null()) return std::optional<V>();
            auto value = codec.take(json, reading);
            if (!value) return std::nullopt;
            return std::optional<V>(std::move(*value));
          }};
}

struct ListBounds {
  std::size_t items_min = 0;
  std::size_t items_max = 1000;
};

template <class V>
[[nodiscard]] Codec<std::vector<V>> list_of(Codec<V> codec, ListBounds bounds) {
  return {.schema = list_schema(codec.schema, bounds.items_min, bounds.items_max),
          .show =
              [codec](const std::vector<V>& values) {
                Json list = Json::list();
                for (const V& value : values)
                  list.append(codec.show(value));
                return list;
              },
          .take = [codec, bounds](const Json& json, Reading& reading) -> std::optional<std::vector<V>> {
            const Json::List* items = json.items();
            if (items == nullptr || items->size() < bounds.items_min || items->size() > bounds.items_max) {
              reading.fault("must be a list of " + std::to_string(bounds.items_min) + " to " +
                            std::to_string(bounds.items_max) + " items");
              return std::nullopt;
            }
            std::vector<V> values;
            for (std::size_t at = 0; at < items->size(); ++at) {
              const auto inside = reading.item(at);
              if (auto value = codec.take((*items)[at], reading)) values.push_back(std::move(*value));
            }
            return values.size() == items->size() ? std::optional(std::move(values)) : std::nullopt;
          }};
}

// The codec with one more check of the value; check answers the problem, or nothing.
template <class V>
[[nodiscard]] Codec<V> checked(Codec<V> codec, std::function<std::optional<std::string>(const V&)> check) {
  codec.take = [take = codec.take, check = std::move(check)](const Json& json, Reading& reading) -> std::optional<V> {
    auto value = take(json, reading);
    if (!value) return value;
    if (auto problem = check(*value)) {
      reading.fault(std::move(*problem));
      return std::nullopt;
    }
    return value;
  };
  return codec;
}

}  // namespace obleth::admin
