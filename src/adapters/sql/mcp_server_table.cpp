#include "adapters/sql/mcp_server_table.hpp"

#include <array>

#include "adapters/sql/json_columns.hpp"
#include "adapters/sql/paging.hpp"
#include "adapters/sql/query.hpp"

namespace obleth::adapters {
namespace {

constexpr std::array<std::string_view, 10> columns{"id",         "name",      "upstream_url", "sealed_auth_header",
                                                   "enabled",    "access",    "timeout_secs", "max_in_flight",
                                                   "created_at", "updated_at"};
constexpr std::array<std::string_view, 1> kept{"created_at"};

}  // namespace

McpServer McpServerTable::read(QueryRow& row) const {
  McpServer server;
  server.id = row.id<McpServerId>();
  server.name = row.text();
  server.upstream_url = row.text();
  server.auth_header = seal_.open(row, server.id.bits, "auth_header");
  server.enabled = row.flag();
  server.access = row.maybe_parsed(access_from_json);
  server.timeout_secs = row.small_integer();
  server.max_in_flight = row.maybe(&QueryRow::small_integer);
  server.created_at = row.time();
  server.updated_at = row.time();
  return server;
}

void McpServerTable::put(const ports::PutMcpServer& write) const {
  const McpServer& server = write.server;
  rows_.check_presence(server.id.bits, write.expect_new);
  rows_.check_name_free(server.id.bits, server.name);
  static const std::string sql = put_sql("mcp_servers", columns, kept);
  Query put(session_, sql);
  put.bind(server.id).bind(server.name).bind(server.upstream_url);
  put.bind(seal_.seal(server.auth_header, server.id.bits, "auth_header"));
  put.bind(server.enabled).bind(maybe_json(server.access)).bind(server.timeout_secs).bind(server.max_in_flight);
  put.bind(server.created_at).bind(server.updated_at).run();
}

std::optional<McpServer> McpServerTable::find(const std::string& id_or_name) const {
  static const std::string sql =
      "SELECT " + column_list(columns) + " FROM mcp_servers WHERE id = ?1 OR name = ?2 ORDER BY id = ?1 DESC LIMIT 1";
  Query find(session_, sql);
  find.bind(McpServerId::from_text(id_or_name)).bind(id_or_name);
  if (!find.step()) return std::nullopt;
  QueryRow row(find);
  return read(row);
}

ports::Page<McpServer> McpServerTable::page(const ports::PageRequest& request) const {
  static const std::string sql =
      "SELECT " + column_list(columns) +
      " FROM mcp_servers WHERE (created_at, id) > (?, ?) AND instr(lower(name), lower(?)) > 0"
      " ORDER BY created_at, id LIMIT ?";
  const PageStart start = start_of(request.cursor);
  const std::size_t rows = rows_of(request);
  Query list(session_, sql);
  list.bind(start.at).bind(start.id).bind(request.name_contains).bind(rows + 1);
  return read_page<McpServer>(list, rows, [this](QueryRow& row) { return read(row); });
}

}  // namespace obleth::adapters
