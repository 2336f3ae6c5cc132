// Credentials on their way into and out of a table. Bound to "table:row id:column", so that sealed text which is
// copied to another row does not open. Faults are thrown as StoreFailure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "adapters/sql/query.hpp"
#include "base/secret.hpp"
#include "ports/secret_sealer.hpp"

namespace obleth::adapters {

// What a sealed text is bound to.
[[nodiscard]] std::string seal_purpose(std::string_view table, const Bits128& id, std::string_view column);

class SealedColumns {
 public:
  SealedColumns(const ports::SecretSealer& sealer, std::string_view table) : sealer_(sealer), table_(table) {}

  [[nodiscard]] std::optional<std::string> seal(const std::optional<Secret>& plain, const Bits128& id,
                                                std::string_view column) const;
  // The next column of the row.
  [[nodiscard]] std::optional<Secret> open(QueryRow& row, const Bits128& id, std::string_view column) const;

 private:
  const ports::SecretSealer& sealer_;
  std::string_view table_;
};

}  // namespace obleth::adapters
