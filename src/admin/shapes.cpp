#include "admin/shapes.hpp"

#include <cstdio>

#include "admin/route.hpp"
#include "base/strong_id.hpp"

namespace obleth::admin {
namespace {

constexpr std::size_t weekly_windows_max = 100;
constexpr std::size_t timezone_length_max = 64;
constexpr std::size_t description_length_max = 4000;

// What text() and name_problem refuse.
constexpr const char* name_pattern =
    "^(?! )(?!([0-9a-fA-F]{32}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$)"
    "[^\\u0000-\\u001F\\u007F]*[^\\u0000-\\u001F\\u007F ]$";

std::optional<std::string> name_problem(const std::string& name) {
  if (name.front() == ' ' || name.back() == ' ') return "must not begin or end with a space";
  if (bits128_from_text(name)) return "must not have the form of an id";
  return std::nullopt;
}

Json spending_json(const Spending& spending) {
  return Json::object({{"tokens", spending.tokens}, {"cost_usd", to_decimal(spending.cost)}});
}

Json spending_schema(const char* description) {
  return Json::object({{"type", "object"},
                       {"description", description},
                       {"properties", Json::object({{"tokens", Json::object({{"type", "integer"}})},
                                                    {"cost_usd", Json::object({{"type", "string"}})}})},
                       {"required", Json::list({"tokens", "cost_usd"})},
                       {"additionalProperties", false}});
}

void check_budget(const BudgetDoc& doc, Reading& reading) {
  if (!doc.budget.tokens && !doc.budget.cost)
    reading.fault_at("tokens", "or cost_usd must be given; null in place of the whole budget removes it");
}

Fields<BudgetDoc> declare_budget() {
  using F = Declare<BudgetDoc>;
  const Choices<BudgetPeriod> periods{{"day", BudgetPeriod::day},
                                      {"week", BudgetPeriod::week},
                                      {"month", BudgetPeriod::month},
                                      {"lifetime", BudgetPeriod::lifetime}};
  const auto used = [](const BudgetDoc& doc) -> std::optional<Json> {
    return doc.use ? std::optional(spending_json(doc.use->used)) : std::nullopt;
  };
  const auto held = [](const BudgetDoc& doc) -> std::optional<Json> {
    return doc.use ? std::optional(spending_json(doc.use->held)) : std::nullopt;
  };
  const auto resets_at = [](const BudgetDoc& doc) -> std::optional<Json> {
    return doc.use ? std::optional(nullable(timestamp()).show(doc.use->resets_at)) : std::nullopt;
  };
  return Fields<BudgetDoc>(
      {F::writable("period", choice(periods), [](auto& doc) -> auto& { return doc.budget.period; }).required(),
       F::writable("starts_at", nullable(timestamp()), [](auto& doc) -> auto& { return doc.budget.starts_at; })
           .about("Nothing before this moment counts."),
       F::writable("tokens", nullable(whole<std::int64_t>(1, tokens_max)),
                   [](auto& doc) -> auto& { return doc.budget.tokens; }),
       F::writable("cost_usd", nullable(dollars()), [](auto& doc) -> auto& { return doc.budget.cost; }),
       F::live("used", spending_schema("Settled in this period."), used, true),
       F::live("held", spending_schema("Reserved by requests that run now."), held, true),
       F::live("resets_at", nullable(timestamp()).schema, resets_at, true)},
      check_budget);
}

Codec<std::uint16_t> minute_of_day() {
  return {.schema = Json::object({{"type", "string"}, {"pattern", "^([01][0-9]|2[0-3]):[0-5][0-9]$"}}),
          .show =
              [](const std::uint16_t& minute) {
                char text[16];
                std::snprintf(text, sizeof text, "%02u:%02u", minute / 60U, minute % 60U);
                return Json(text);
              },
          .take = [](const Json& json, Reading& reading) -> std::optional<std::uint16_t> {
            const std::string* text = json.text();
            const bool formed = text != nullptr && text->size() == 5 && (*text)[2] == ':' && !text->contains('-');
            const auto hour = formed ? scaled_integer(text->substr(0, 2), 0) : std::nullopt;
            const auto minute = formed ? scaled_integer(text->substr(3), 0) : std::nullopt;
            if (hour && minute && *hour >= 0 && *hour < 24 && *minute >= 0 && *minute < 60)
              return static_cast<std::uint16_t>(*hour * 60 + *minute);
            reading.fault("must be a time of day as in 22:00");
            return std::nullopt;
          }};
}

Fields<WeeklyWindow> declare_window() {
  using F = Declare<WeeklyWindow>;
  const Choices<std::uint8_t> days{{"mon", 0}, {"tue", 1}, {"wed", 2}, {"thu", 3}, {"fri", 4}, {"sat", 5}, {"sun", 6}};
  return Fields<WeeklyWindow>(
      {F::writable("day", choice(days), [](auto& window) -> auto& { return window.day; })
           .required()
           .about("The local day on which the window starts."),
       F::writable("start", minute_of_day(), [](auto& window) -> auto& { return window.start_minute; }).required(),
       F::writable("end", minute_of_day(), [](auto& window) -> auto& { return window.end_minute; })
           .required()
           .about("At or before start: on the next day.")});
}

}  // namespace

Codec<std::string> unique_name(std::size_t characters_max) {
  Codec<std::string> name = text({.characters_min = 1, .characters_max = characters_max}, name_problem);
  name.schema.set("pattern", name_pattern);
  return name;
}

Codec<std::string> description_text() {
  return text({.characters_max = description_length_max, .single_line = false});
}

Codec<std::optional<std::vector<std::string>>> allow_list() {
  const auto name = text({.characters_min = 1, .characters_max = model_name_length_max});
  return nullable(list_of(name, {.items_max = allowed_models_max}));
}

Codec<std::uint32_t> weight() {
  return whole<std::uint32_t>(1, weight_max);
}

Codec<std::optional<std::uint32_t>> slots_or_none() {
  return nullable(whole<std::uint32_t>(1, slots_max));
}

const Fields<BudgetDoc>& budget_fields() {
  static const Fields<BudgetDoc> fields = declare_budget();
  return fields;
}

// One of the two is given. Said by what it must not be: generators of clients take each part of an anyOf for a shape.
Json budget_schema() {
  const Json none = Json::object({{"type", "null"}});
  Json schema = object_of(budget_fields()).schema;
  schema.set("not",
             Json::object({{"type", "object"}, {"properties", Json::object({{"tokens", none}, {"cost_usd", none}})}}));
  return schema;
}

Codec<std::optional<BudgetDoc>> budget_or_none() {
  Codec<BudgetDoc> budget = object_of(budget_fields());
  budget.schema = reference_to("Budget");
  return nullable(std::move(budget));
}

std::optional<BudgetDoc> budget_doc(const std::optional<Budget>& budget) {
  return budget ? std::optional(BudgetDoc{.budget = *budget, .use = {}}) : std::nullopt;
}

std::optional<Budget> budget_of(const std::optional<BudgetDoc>& doc) {
  return doc ? std::optional(doc->budget) : std::nullopt;
}

Codec<std::string> timezone_name() {
  return text({.characters_min = 1, .characters_max = timezone_length_max},
              [](const std::string& name) -> std::optional<std::string> {
                if (is_known_timezone(name)) return std::nullopt;
                return "must be an IANA time zone, as in Europe/Berlin";
              });
}

Codec<std::vector<WeeklyWindow>> weekly_windows() {
  return list_of(object_of(declare_window()), {.items_max = weekly_windows_max});
}

}  // namespace obleth::admin
