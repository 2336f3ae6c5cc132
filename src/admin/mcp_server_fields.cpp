#include "admin/mcp_server_fields.hpp"

#include <algorithm>

#include "admin/audit_note.hpp"
#include "admin/shapes.hpp"
#include "admin/upstream_url.hpp"

namespace obleth::admin {
namespace {

constexpr std::size_t mcp_name_length_max = 64;
constexpr std::size_t tools_max = 1000;
constexpr std::size_t rules_max = 1000;
constexpr std::uint32_t timeout_secs_max = 86'400;

Codec<std::string> server_name() {
  Codec<std::string> name =
      text({.characters_min = 1, .characters_max = mcp_name_length_max},
           [](const std::string& value) -> std::optional<std::string> {
             const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
             if (std::ranges::all_of(value, allowed)) return std::nullopt;
             return "must be made of a-z, 0-9 and -, because it stands in the path";
           });
  name.schema.set("pattern", "^[a-z0-9-]{1,64}$");
  return name;
}

void check_access(const McpAccess& access, Reading& reading) {
  if (access.tenant && access.group) reading.fault_at("group", "and tenant exclude each other: write two rules");
}

Fields<McpAccess> declare_access() {
  using F = Declare<McpAccess>;
  const auto glob = text({.characters_min = 1, .characters_max = 200});
  return Fields<McpAccess>(
      {F::writable("tenant", nullable(unique_name(name_length_max)),
                   [](auto& access) -> auto& { return access.tenant; })
           .about("Null with group null: everybody."),
       F::writable("group", nullable(unique_name(name_length_max)), [](auto& access) -> auto& { return access.group; }),
       F::writable("tools", nullable(list_of(glob, {.items_max = tools_max})),
                   [](auto& access) -> auto& { return access.tools; })
           .about("Names, with * for any text; null: every tool.")},
      check_access);
}

Fields<McpServer> declare() {
  using F = Declare<McpServer>;
  const auto record = [](auto& server) -> auto& { return server; };
  const auto auth_set = [](const McpServer& server) -> std::optional<Json> { return server.auth_header.has_value(); };
  return Fields<McpServer>(joined<McpServer>(
      {{F::fixed("id", uuid<McpServerId>(), [](auto& server) -> auto& { return server.id; }),
        F::writable("name", server_name(), [](auto& server) -> auto& { return server.name; }).required(),
        F::writable("upstream_url", upstream_url(), [](auto& server) -> auto& { return server.upstream_url; })
            .required(),
        F::secret("auth_header", nullable(credential()), [](auto& server) -> auto& { return server.auth_header; })
            .about("The server's Authorization header, complete."),
        F::live("auth_header_set", boolean().schema, auth_set),
        F::writable("enabled", boolean(), [](auto& server) -> auto& { return server.enabled; }),
        F::writable("access", nullable(list_of(object_of(declare_access()), {.items_max = rules_max})),
                    [](auto& server) -> auto& { return server.access; })
            .about("Who may use which tools; null: everybody, every tool."),
        F::writable("timeout_secs", whole<std::uint32_t>(1, timeout_secs_max),
                    [](auto& server) -> auto& { return server.timeout_secs; }),
        F::writable("max_in_flight", slots_or_none(), [](auto& server) -> auto& { return server.max_in_flight; })},
       moment_fields<McpServer>(record)}));
}

}  // namespace

const Fields<McpServer>& mcp_server_fields() {
  static const Fields<McpServer> fields = declare();
  return fields;
}

McpServer new_mcp_server(const RecordDesk& desk) {
  McpServer server;
  server.id = desk.new_id<McpServerId>();
  server.created_at = server.updated_at = desk.now();
  return server;
}

void check_mcp_server(const McpServer& next, const McpServer* before, const RecordDesk& desk, Reading& reading) {
  if (next.auth_header && (before == nullptr || before->auth_header != next.auth_header))
    refuse_unsealable("auth_header", desk, reading);
  if (before == nullptr || before->upstream_url != next.upstream_url)
    refuse_address(next.upstream_url, "upstream_url", desk, reading);
}

AuditNote mcp_server_note(const char* action, const McpServer* before, const McpServer* after) {
  const McpServer& subject = after != nullptr ? *after : *before;
  return note_of({action, "mcp_server", subject.id.uuid(), subject.name}, mcp_server_fields(), before, after);
}

}  // namespace obleth::admin
