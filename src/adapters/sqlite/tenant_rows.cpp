#include "adapters/sqlite/tenant_rows.hpp"

#include <array>
#include <map>

#include "adapters/sqlite/statement.hpp"

namespace obleth::adapters {
namespace {

struct Posting {
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::string entries;
};

void write(SqliteConnection& connection, std::int64_t tenant, const Posting& posting) {
  Statement put(connection, "INSERT INTO usage_of_tenants VALUES (?, ?, ?)");
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(posting.entries.data());
  put.bind(tenant).bind(posting.first).bind(std::span(bytes, posting.entries.size())).run();
}

}  // namespace

void add_posting_entry(std::int64_t places_further, std::int64_t key, std::int64_t kind, std::string& posting) {
  std::array<char, 3 * varint_bytes_max> bytes;
  char* at = put_varint(bytes.data(), static_cast<std::uint64_t>(places_further));
  at = put_varint(at, static_cast<std::uint64_t>(key));
  at = put_varint(at, static_cast<std::uint64_t>(kind));
  posting.append(bytes.data(), at);
}

void write_tenant_rows(SqliteConnection& connection, std::span<const ArrivingRow> rows) {
  std::map<std::int64_t, Posting> open;
  for (const ArrivingRow& row : rows) {
    if (!row.is_new) continue;
    Posting& posting = open[row.numbers.tenant];
    if (!posting.entries.empty() && row.place / places_per_minute != posting.first / places_per_minute) {
      write(connection, row.numbers.tenant, posting);
      posting.entries.clear();
    }
    if (posting.entries.empty()) posting.first = posting.last = row.place;
    add_posting_entry(row.place - posting.last, row.numbers.key, row.numbers.kind, posting.entries);
    posting.last = row.place;
  }
  for (const auto& [tenant, posting] : open)
    write(connection, tenant, posting);
}

}  // namespace obleth::adapters
