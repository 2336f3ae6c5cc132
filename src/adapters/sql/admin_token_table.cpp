#include "adapters/sql/admin_token_table.hpp"

#include <array>
#include <utility>

#include "adapters/sql/enum_text.hpp"
#include "adapters/sql/query.hpp"

namespace obleth::adapters {
namespace {

constexpr std::array<std::string_view, 6> columns{"id", "name", "prefix", "hash", "role", "created_at"};
constexpr std::array<std::string_view, 1> kept{"created_at"};

}  // namespace

void AdminTokenTable::put(const ports::PutAdminToken& write) const {
  const AdminToken& token = write.token;
  rows_.check_presence(token.id.bits, write.expect_new);
  rows_.check_name_free(token.id.bits, token.name);
  static const std::string sql = put_sql("admin_tokens", columns, kept);
  Query put(session_, sql);
  put.bind(token.id).bind(token.name).bind(token.prefix).bind(token.hash);
  put.bind(word_of(token.role)).bind(token.created_at).run();
}

std::vector<AdminToken> AdminTokenTable::all() const {
  static const std::string sql = "SELECT " + column_list(columns) + " FROM admin_tokens ORDER BY created_at, id";
  Query list(session_, sql);
  std::vector<AdminToken> tokens;
  while (list.step()) {
    QueryRow row(list);
    AdminToken token;
    token.id = row.id<AdminTokenId>();
    token.name = row.text();
    token.prefix = row.text();
    token.hash = row.hash();
    token.role = value_of<AdminRole>(row.text());
    token.created_at = row.time();
    tokens.push_back(std::move(token));
  }
  return tokens;
}

}  // namespace obleth::adapters
