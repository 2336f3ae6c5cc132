#include "adapters/sql/sealed_columns.hpp"

#include <utility>

#include "adapters/sql/store_failure.hpp"

namespace obleth::adapters {
namespace {

template <class Value>
Value value_or_throw(Result<Value> result) {
  if (!result) throw StoreFailure(std::move(result).error());
  return std::move(*result);
}

}  // namespace

std::string seal_purpose(std::string_view table, const Bits128& id, std::string_view column) {
  return std::string(table).append(":").append(to_uuid(id)).append(":").append(column);
}

std::optional<std::string> SealedColumns::seal(const std::optional<Secret>& plain, const Bits128& id,
                                               std::string_view column) const {
  if (!plain) return std::nullopt;
  return value_or_throw(sealer_.seal(*plain, seal_purpose(table_, id, column)));
}

std::optional<Secret> SealedColumns::open(QueryRow& row, const Bits128& id, std::string_view column) const {
  const auto sealed = row.maybe(&QueryRow::text);
  if (!sealed) return std::nullopt;
  return value_or_throw(sealer_.open(*sealed, seal_purpose(table_, id, column)));
}

}  // namespace obleth::adapters
