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

void check_access(const McpAccessDoc& access, Reading& reading) {
  if (access.tenant && access.group) reading.fault_at("group", "and tenant exclude each other: write two rules");
}

Fields<McpAccessDoc> declare_access() {
  using F = Declare<McpAccessDoc>;
  const auto glob = text({.characters_min = 1, .characters_max = 200});
  return Fields<McpAccessDoc>(
      {F::writable("tenant", nullable(unique_name(name_length_max)),
                   [](auto& access) -> auto& { return access.tenant; })
           .about("Null with group null: everybody."),
       F::writable("group", nullable(unique_name(name_length_max)), [](auto& access) -> auto& { return access.group; }),
       F::writable("tools", nullable(list_of(glob, {.items_max = tools_max})),
                   [](auto& access) -> auto& { return access.tools; })
           .about("Names, with * for any text; null: every tool.")},
      check_access);
}

Codec<McpAccessDoc> access_rule() {
  const Json named = Json::object({{"type", "string"}});
  Codec<McpAccessDoc> rule = object_of(declare_access());
  rule.schema.set("not", Json::object({{"required", Json::list({"tenant", "group"})},
                                       {"properties", Json::object({{"tenant", named}, {"group", named}})}}));
  return rule;
}

Fields<McpServerDoc> declare() {
  using F = Declare<McpServerDoc>;
  const auto record = [](auto& doc) -> auto& { return doc.server; };
  const auto auth_set = [](const McpServerDoc& doc) -> std::optional<Json> {
    return doc.server.auth_header.has_value();
  };
  return Fields<McpServerDoc>(joined<McpServerDoc>(
      {{F::fixed("id", uuid<McpServerId>(), [](auto& doc) -> auto& { return doc.server.id; }),
        F::writable("name", server_name(), [](auto& doc) -> auto& { return doc.server.name; }).required(),
        F::writable("upstream_url", upstream_url(), [](auto& doc) -> auto& { return doc.server.upstream_url; })
            .required(),
        F::secret("auth_header", nullable(credential()), [](auto& doc) -> auto& { return doc.server.auth_header; })
            .about("The server's Authorization header, complete."),
        F::live("auth_header_set", boolean().schema, auth_set),
        F::writable("enabled", boolean(), [](auto& doc) -> auto& { return doc.server.enabled; }),
        F::writable("access", nullable(list_of(access_rule(), {.items_max = rules_max})),
                    [](auto& doc) -> auto& { return doc.access; })
            .about("Who may use which tools; null: everybody, every tool."),
        F::writable("timeout_secs", whole<std::uint32_t>(1, timeout_secs_max),
                    [](auto& doc) -> auto& { return doc.server.timeout_secs; }),
        F::writable("max_in_flight", slots_or_none(), [](auto& doc) -> auto& { return doc.server.max_in_flight; })},
       moment_fields<McpServerDoc>(record)}));
}

}  // namespace

const Fields<McpServerDoc>& mcp_server_fields() {
  static const Fields<McpServerDoc> fields = declare();
  return fields;
}

McpServerDoc new_mcp_server(const RecordDesk& desk) {
  McpServerDoc doc;
  doc.server.created_at = doc.server.updated_at = desk.now();
  doc.server.id = desk.new_id<McpServerId>(doc.server.created_at);
  return doc;
}

void check_mcp_server(const McpServer& next, const McpServer* before, const RecordDesk& desk, Reading& reading) {
  if (next.auth_header && (before == nullptr || before->auth_header != next.auth_header))
    refuse_unsealable("auth_header", desk, reading);
  if (before == nullptr || before->upstream_url != next.upstream_url)
    refuse_address(next.upstream_url, "upstream_url", desk, reading);
}

AuditNote mcp_server_note(const char* action, const McpServerDoc* before, const McpServerDoc* after) {
  const McpServer& subject = (after != nullptr ? after : before)->server;
  return note_of({action, "mcp_server", subject.id.uuid(), subject.name}, mcp_server_fields(), before, after);
}

}  // namespace obleth::admin
