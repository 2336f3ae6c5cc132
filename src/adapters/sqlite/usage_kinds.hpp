// What many rows have in common that listings and sums are narrowed by, as one small number: a kind.
//
// There are about as many kinds as models times outcomes. Thread: the connection's.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "adapters/sqlite/connection.hpp"
#include "domain/usage_record.hpp"

namespace obleth::adapters {

struct UsageKind {
  std::int64_t model = 0;
  std::int64_t group = 0;
  std::int64_t route = 0;
  int status = 0;
  AdmissionOutcome admission = AdmissionOutcome::fast;
  auto operator<=>(const UsageKind&) const = default;
};

// Absent: any.
struct KindFilter {
  std::optional<std::int64_t> model = std::nullopt;
  std::optional<std::int64_t> group = std::nullopt;
  std::optional<std::int64_t> route = std::nullopt;
  std::optional<int> status = std::nullopt;
  std::optional<int> admission = std::nullopt;

  [[nodiscard]] bool passes_all() const { return !model && !group && !route && !status && !admission; }
};

// The kinds that pass a filter.
class KindChoice {
 public:
  KindChoice(SqliteConnection& connection, const KindFilter& filter);
  [[nodiscard]] bool has(std::int64_t kind) const {
    return all_ || (static_cast<std::size_t>(kind) < chosen_.size() && chosen_[static_cast<std::size_t>(kind)]);
  }

 private:
  bool all_ = false;
  std::vector<bool> chosen_;  // by number
};

// Kinds by their numbers, each read once; for one question.
class KindBook {
 public:
  explicit KindBook(SqliteConnection& connection) : connection_(connection) {}
  [[nodiscard]] const UsageKind& of(std::int64_t number);

 private:
  SqliteConnection& connection_;
  std::unordered_map<std::int64_t, UsageKind> known_;
};

}  // namespace obleth::adapters
