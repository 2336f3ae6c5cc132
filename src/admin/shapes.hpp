// The shapes that several resources share: names, limits, budgets, schedules, allow-lists, addresses. Any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "admin/codec.hpp"
#include "admin/dependencies.hpp"
#include "admin/fields.hpp"
#include "domain/access_schedule.hpp"
#include "domain/budget.hpp"
#include "domain/tenant.hpp"

namespace obleth::admin {

inline constexpr std::int64_t tokens_max = 1'000'000'000'000;  // of any limit in tokens
inline constexpr std::int64_t requests_per_minute_max = 1'000'000'000;
inline constexpr std::uint32_t slots_max = 1'000'000;  // of any limit of requests in flight
inline constexpr std::size_t allowed_models_max = 1000;
inline constexpr std::size_t model_name_length_max = 200;

// A name that tells things apart: no spaces around it, and not in the form of an id.
[[nodiscard]] Codec<std::string> unique_name(std::size_t characters_max);
[[nodiscard]] Codec<std::string> description_text();
[[nodiscard]] Codec<std::optional<std::vector<std::string>>> allow_list();
[[nodiscard]] Codec<std::uint32_t> weight();
[[nodiscard]] Codec<std::optional<std::uint32_t>> slots_or_none();

// A budget, with what is spent of it where that is known.
struct BudgetDoc {
  Budget budget;
  std::optional<BudgetUse> use;
  // What is spent changes by itself, and is no change of the budget.
  bool operator==(const BudgetDoc& other) const { return budget == other.budget; }
};
[[nodiscard]] const Fields<BudgetDoc>& budget_fields();
// Told once, as "Budget"; what holds a budget refers to it.
[[nodiscard]] Json budget_schema();
[[nodiscard]] Codec<std::optional<BudgetDoc>> budget_or_none();
[[nodiscard]] std::optional<BudgetDoc> budget_doc(const std::optional<Budget>& budget);
[[nodiscard]] std::optional<Budget> budget_of(const std::optional<BudgetDoc>& doc);

[[nodiscard]] Codec<std::string> timezone_name();
[[nodiscard]] Codec<std::vector<WeeklyWindow>> weekly_windows();

// tokens_per_minute, requests_per_minute, max_in_flight as members of their owner. quota_of: record → its Quota.
template <class Record, class QuotaOf>
[[nodiscard]] std::vector<Field<Record>> quota_fields(QuotaOf quota_of) {
  using F = Declare<Record>;
  return {F::writable("tokens_per_minute", nullable(whole<std::int64_t>(1, tokens_max)),
                      [quota_of](auto& record) -> auto& { return quota_of(record).tokens_per_minute; }),
          F::writable("requests_per_minute", nullable(whole<std::int64_t>(1, requests_per_minute_max)),
                      [quota_of](auto& record) -> auto& { return quota_of(record).requests_per_minute; }),
          F::writable("max_in_flight", slots_or_none(),
                      [quota_of](auto& record) -> auto& { return quota_of(record).max_in_flight; })};
}

// created_at and updated_at. record_of: doc → what has them.
template <class Record, class RecordOf>
[[nodiscard]] std::vector<Field<Record>> moment_fields(RecordOf record_of) {
  using F = Declare<Record>;
  return {F::fixed("created_at", timestamp(), [record_of](auto& doc) -> auto& { return record_of(doc).created_at; }),
          F::live("updated_at", timestamp().schema, [record_of](const Record& doc) -> std::optional<Json> {
            return Json(to_rfc3339(record_of(doc).updated_at));
          })};
}

// One declaration out of several parts.
template <class Record>
[[nodiscard]] std::vector<Field<Record>> joined(std::initializer_list<std::vector<Field<Record>>> parts) {
  std::vector<Field<Record>> fields;
  for (const auto& part : parts)
    fields.insert(fields.end(), part.begin(), part.end());
  return fields;
}

}  // namespace obleth::admin
