#include "adapters/sql/record_reader.hpp"

namespace obleth::adapters {

std::optional<ResolvedKey> resolve(SqlSession& session, const SecretHash& hash, WallTime now) {
  const Transaction one_moment(session, Transaction::Kind::read);
  auto key = KeyTable(session).find(hash, now);
  if (!key) return std::nullopt;
  auto tenant = TenantTable(session).find(key->tenant);
  if (!tenant) return std::nullopt;
  auto group = GroupTable(session).find(tenant->group);
  if (!group) return std::nullopt;
  return ResolvedKey{std::move(*key), std::move(*tenant), std::move(*group)};
}

}  // namespace obleth::adapters
