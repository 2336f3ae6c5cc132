#include "adapters/sqlite/usage_kinds.hpp"

#include <algorithm>

#include "adapters/sqlite/statement.hpp"

namespace obleth::adapters {

KindChoice::KindChoice(SqliteConnection& connection, const KindFilter& filter) : all_(filter.passes_all()) {
  if (all_) return;
  Statement fitting(connection,
                    "SELECT number FROM kinds WHERE (?1 IS NULL OR model = ?1) AND (?2 IS NULL OR grp = ?2)"
                    " AND (?3 IS NULL OR route = ?3) AND (?4 IS NULL OR status = ?4)"
                    " AND (?5 IS NULL OR admission = ?5) ORDER BY number");
  fitting.bind(filter.model).bind(filter.group).bind(filter.route).bind(filter.status).bind(filter.admission);
  while (fitting.step()) {
    const auto number = static_cast<std::size_t>(Row(fitting).integer());
    chosen_.resize(number + 1);
    chosen_[number] = true;
  }
}

const UsageKind& KindBook::of(std::int64_t number) {
  const auto [at, is_new] = known_.try_emplace(number);
  UsageKind& kind = at->second;
  if (!is_new) return kind;
  Statement find(connection_, "SELECT model, grp, route, status, admission FROM kinds WHERE number = ?");
  find.bind(number);
  if (!find.step()) return kind;
  Row row(find);
  kind.model = row.integer();
  kind.group = row.integer();
  kind.route = row.integer();
  kind.status = static_cast<int>(row.integer());
  kind.admission = static_cast<AdmissionOutcome>(
      std::clamp<std::int64_t>(row.integer(), 0, static_cast<std::int64_t>(AdmissionOutcome::refused)));
  return kind;
}

}  // namespace obleth::adapters
