#include "admin/mcp_servers.hpp"

#include <utility>

#include "admin/paging.hpp"

namespace obleth::admin {

void McpServers::register_in(RouteTable& table) {
  table.section("mcp");
  table.describe_resource("McpServer", mcp_server_fields());
  table.add(get("/mcp-servers", "List MCP servers")
                .lists("McpServer")
                .asks(page_parameters())
                .answered_by(this, &McpServers::list));
  table.add(post("/mcp-servers", "Register an MCP server")
                .takes("McpServerCreate")
                .gives("McpServer", 201)
                .may_answer({409})
                .answered_by(this, &McpServers::create));
  table.add(get("/mcp-servers/{id}", "Show an MCP server").gives("McpServer").answered_by(this, &McpServers::show));
  table.add(put("/mcp-servers/{id}", "Replace an MCP server")
                .takes("McpServerReplace")
                .gives("McpServer")
                .may_answer({409})
                .answered_by([this](const Call& call) { return edit(call, ReadMode::replace); }));
  table.add(patch("/mcp-servers/{id}", "Change an MCP server")
                .takes("McpServerChange")
                .gives("McpServer")
                .may_answer({409})
                .answered_by([this](const Call& call) { return edit(call, ReadMode::change); }));
  table.add(del("/mcp-servers/{id}", "Delete an MCP server").answered_by(this, &McpServers::remove));
}

Task<Reply> McpServers::list(const Call& call) {
  const Outcome<ports::PageRequest> page = requested_page(call);
  if (!page) co_return page.error();
  const auto servers = co_await desk_.store().list_mcp_servers(*page);
  if (!servers) co_return refuse_page(servers.error());
  McpRuleNames names(desk_);
  Json rows = Json::list();
  for (const McpServer& server : servers->rows) {
    const Outcome<McpServerDoc> doc = co_await names.doc_of(server);
    if (!doc) co_return doc.error();
    rows.append(mcp_server_fields().show(*doc));
  }
  co_return answer(200, list_json(std::move(rows), servers->next_cursor));
}

Task<Reply> McpServers::create(const Call& call) {
  const RecordDesk::Turn turn = co_await desk_.turn();
  McpServerDoc doc = new_mcp_server(desk_);
  Reading reading(ReadMode::create);
  mcp_server_fields().take(doc, call.body, reading);
  check_mcp_server(doc.server, nullptr, desk_, reading);
  McpRuleNames names(desk_);
  const Outcome<> settled = co_await names.settle(doc, nullptr, reading);
  if (!settled) co_return settled.error();
  if (reading.failed()) co_return refuse_body(reading);
  Edit made;
  made.add(ports::PutMcpServer{doc.server, true}, mcp_server_note("mcp_server.create", nullptr, &doc),
           ports::McpServersChanged{});
  const auto done = co_await desk_.commit(turn, call.caller, std::move(made));
  if (!done) co_return done.error();
  co_return answer(201, mcp_server_fields().show(doc));
}

Task<Reply> McpServers::show(const Call& call) {
  McpRuleNames names(desk_);
  const Outcome<McpServerDoc> server = co_await find(names, call.at("id"));
  if (!server) co_return server.error();
  co_return answer(200, mcp_server_fields().show(*server));
}

Task<Reply> McpServers::edit(const Call& call, ReadMode mode) {
  const RecordDesk::Turn turn = co_await desk_.turn();
  McpRuleNames names(desk_);
  const Outcome<McpServerDoc> current = co_await find(names, call.at("id"));
  if (!current) co_return current.error();
  McpServerDoc next = *current;
  Reading reading(mode);
  mcp_server_fields().take(next, call.body, reading);
  check_mcp_server(next.server, &current->server, desk_, reading);
  const Outcome<> settled = co_await names.settle(next, &current->server, reading);
  if (!settled) co_return settled.error();
  if (reading.failed()) co_return refuse_body(reading);
  next.server.updated_at = desk_.now();
  Edit changed;
  changed.add(ports::PutMcpServer{next.server, false}, mcp_server_note("mcp_server.update", &*current, &next),
              ports::McpServersChanged{});
  const auto done = co_await desk_.commit(turn, call.caller, std::move(changed));
  if (!done) co_return done.error();
  co_return answer(200, mcp_server_fields().show(next));
}

Task<Reply> McpServers::remove(const Call& call) {
  const RecordDesk::Turn turn = co_await desk_.turn();
  McpRuleNames names(desk_);
  const Outcome<McpServerDoc> server = co_await find(names, call.at("id"));
  if (!server) co_return server.error();
  Edit deleted;
  deleted.add(ports::DeleteMcpServer{server->server.id}, mcp_server_note("mcp_server.delete", &*server, nullptr),
              ports::McpServersChanged{});
  const auto done = co_await desk_.commit(turn, call.caller, std::move(deleted));
  if (!done) co_return done.error();
  co_return no_content();
}

Task<Outcome<McpServerDoc>> McpServers::find(McpRuleNames& names, std::string id_or_name) {
  Result<std::optional<McpServer>> found = co_await desk_.store().find_mcp_server(id_or_name);
  if (!found) co_return std::unexpected(refuse_fault(found.error()));
  if (!*found) co_return std::unexpected(not_found("MCP server", id_or_name));
  Outcome<McpServerDoc> doc = co_await names.doc_of(std::move(**found));
  co_return doc;
}

}  // namespace obleth::admin
