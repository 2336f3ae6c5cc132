#include "adapters/sqlite/usage_names.hpp"

#include <algorithm>

#include "adapters/sqlite/usage_schema.hpp"

namespace obleth::adapters {
namespace {

std::optional<std::int64_t> number_in(Statement& find) {
  if (!find.step()) return std::nullopt;
  return Row(find).integer();
}

}  // namespace

std::optional<std::int64_t> number_of_word(SqliteConnection& connection, const std::string& word) {
  Statement find(connection, "SELECT number FROM words WHERE word = ?");
  find.bind(word);
  return number_in(find);
}

std::string word_of(SqliteConnection& connection, std::int64_t number) {
  Statement find(connection, "SELECT word FROM words WHERE number = ?");
  find.bind(number);
  return find.step() ? Row(find).text() : std::string();
}

std::int64_t meta_value(SqliteConnection& connection, const char* name) {
  Statement ask(connection, "SELECT value FROM meta WHERE name = ?");
  ask.bind(std::string_view(name));
  return number_in(ask).value_or(0);
}

std::optional<ScopeNumbers> numbers_of(SqliteConnection& connection, const ports::UsageScope& scope) {
  ScopeNumbers numbers;
  const std::int64_t kept_since = meta_value(connection, "kept_since");
  numbers.begin_ms = std::clamp<std::int64_t>(scope.span.begin.unix_ms, kept_since, usage_ms_max + 1);
  numbers.end_ms = std::clamp<std::int64_t>(scope.span.end.unix_ms, 0, usage_ms_max + 1);
  if (scope.tenant) {
    Statement find(connection, "SELECT number FROM tenants WHERE id = ?");
    find.bind(*scope.tenant);
    numbers.tenant = number_in(find);
    if (!numbers.tenant) return std::nullopt;
  }
  if (scope.key) {
    Statement find(connection, "SELECT number, tenant FROM keys WHERE id = ?");
    find.bind(*scope.key);
    if (!find.step()) return std::nullopt;
    Row row(find);
    numbers.key = row.integer();
    const std::int64_t owner = row.integer();
    if (numbers.tenant.value_or(owner) != owner) return std::nullopt;
    numbers.tenant = owner;
  }
  if (!scope.model.empty()) {
    numbers.model = number_of_word(connection, scope.model);
    if (!numbers.model) return std::nullopt;
  }
  if (!scope.group.empty()) {
    numbers.group = number_of_word(connection, scope.group);
    if (!numbers.group) return std::nullopt;
  }
  return numbers;
}

std::int64_t tenant_of_key(SqliteConnection& connection, std::int64_t key) {
  Statement find(connection, "SELECT tenant FROM keys WHERE number = ?");
  find.bind(key);
  return number_in(find).value_or(0);
}

ports::UsageGroup group_of(SqliteConnection& connection, ports::UsageDimension by, std::int64_t number) {
  ports::UsageGroup group;
  if (by == ports::UsageDimension::model || by == ports::UsageDimension::group) {
    group.name = word_of(connection, number);
    return group;
  }
  Statement find(connection, by == ports::UsageDimension::tenant
                                 ? "SELECT id, name FROM tenants WHERE number = ?"
                                 : "SELECT t.id, t.name, k.id FROM keys AS k JOIN tenants AS t ON t.number = k.tenant"
                                   " WHERE k.number = ?");
  find.bind(number);
  if (!find.step()) return group;
  Row row(find);
  group.tenant = row.id<TenantId>();
  group.tenant_name = row.text();
  if (by == ports::UsageDimension::key) group.key = row.id<KeyId>();
  return group;
}

}  // namespace obleth::adapters
