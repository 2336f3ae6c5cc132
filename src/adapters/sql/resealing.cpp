#include "adapters/sql/resealing.hpp"

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/sql/query.hpp"
#include "adapters/sql/sealed_columns.hpp"
#include "observe/log.hpp"

namespace obleth::adapters {
namespace {

struct SealedPlace {
  std::string_view table;
  std::string_view column;
  std::string_view purpose;  // the column's name in what the text is bound to
};
constexpr std::array<SealedPlace, 4> places{{{"models", "sealed_api_key", "api_key"},
                                             {"models", "sealed_upstream_headers", "upstream_headers"},
                                             {"endpoints", "sealed_api_key", "api_key"},
                                             {"mcp_servers", "sealed_auth_header", "auth_header"}}};

struct Renewed {
  const SealedPlace* place;
  Bits128 id;
  std::string sealed;
};

void renew_place(SqlSession& session, const ports::SecretSealer& sealer, const SealedPlace& place,
                 std::vector<Renewed>& renewed) {
  const std::string sql = "SELECT id, " + std::string(place.column) + " FROM " + std::string(place.table) + " WHERE " +
                          std::string(place.column) + " IS NOT NULL";
  Query list(session, sql);
  while (list.step()) {
    QueryRow row(list);
    const Bits128 id = row.bits();
    const std::string sealed = row.text();
    if (sealer.is_current(sealed)) continue;
    const std::string purpose = seal_purpose(place.table, id, place.purpose);
    const Result<Secret> plain = sealer.open(sealed, purpose);
    if (!plain) continue;
    Result<std::string> anew = sealer.seal(*plain, purpose);
    if (anew) renewed.push_back({&place, id, std::move(*anew)});
  }
}

}  // namespace

void reseal_credentials(SqlSession& session, const ports::SecretSealer& sealer) {
  if (!sealer.can_seal()) return;
  std::vector<Renewed> renewed;
  for (const SealedPlace& place : places)
    renew_place(session, sealer, place, renewed);
  if (renewed.empty()) return;
  Transaction all(session, Transaction::Kind::write);
  for (const Renewed& row : renewed) {
    Query put(session, "UPDATE " + std::string(row.place->table) + " SET " + std::string(row.place->column) +
                           " = ? WHERE id = ?");
    put.bind(row.sealed).bind(row.id).run();
  }
  all.commit();
  observe::log(observe::LogLevel::info, "stored credentials were sealed anew: the former key can be dropped",
               {{"credentials", static_cast<std::int64_t>(renewed.size())}});
}

}  // namespace obleth::adapters
