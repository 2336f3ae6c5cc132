// Enumerators as words in the database, so that it can be read by eye and outlives a reordering in the source.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "adapters/sql/store_failure.hpp"
#include "domain/admin_token.hpp"
#include "domain/budget.hpp"
#include "domain/model.hpp"
#include "domain/tenant.hpp"

namespace obleth::adapters {

// In the order of the enumerators.
template <class Enum>
inline constexpr std::array<std::string_view, 0> enum_words{};
template <>
inline constexpr std::array<std::string_view, 3> enum_words<TenantStatus>{"active", "suspended", "archived"};
template <>
inline constexpr std::array<std::string_view, 3> enum_words<BrownoutPolicy>{"allow", "never", "first"};
template <>
inline constexpr std::array<std::string_view, 4> enum_words<BudgetPeriod>{"day", "week", "month", "lifetime"};
template <>
inline constexpr std::array<std::string_view, 1> enum_words<CacheScope>{"tenant"};
template <>
inline constexpr std::array<std::string_view, 2> enum_words<AdminRole>{"admin", "viewer"};

template <class Enum>
[[nodiscard]] constexpr std::string_view word_of(Enum value) {
  return enum_words<Enum>.at(static_cast<std::size_t>(value));
}

template <class Enum>
[[nodiscard]] Enum value_of(std::string_view word) {
  for (std::size_t at = 0; at < enum_words<Enum>.size(); ++at) {
    if (enum_words<Enum>[at] == word) return static_cast<Enum>(at);
  }
  throw StoreFailure(
      store_fault(FaultKind::broken, "the database holds a word that is not known: " + std::string(word)));
}

}  // namespace obleth::adapters
