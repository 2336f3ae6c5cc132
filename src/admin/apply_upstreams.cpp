// The sections of a plan that lead to upstreams: models and MCP servers.
#include <utility>

#include "admin/apply_plan.hpp"
#include "admin/every_row.hpp"
#include "admin/mcp_server_fields.hpp"
#include "admin/model_fields.hpp"
#include "admin/models.hpp"

namespace obleth::admin {

Task<Outcome<>> ApplyPlan::make_models(const Json& section, Reading& reading) {
  const StatedItems items = stated_items(section, "model_name", reading);
  for (const StatedItem& item : items) {
    const auto inside = reading.inside(item.step);
    const auto found = co_await desk_.store().find_model(item.name);
    if (!found) co_return std::unexpected(refuse_fault(found.error()));
    const bool is_new = !found->has_value();
    const ModelDoc current = is_new ? new_model(desk_) : model_doc(**found);
    const ModelDoc* before = is_new ? nullptr : &current;
    ModelDoc next = current;
    reading.set_mode(is_new ? ReadMode::create : ReadMode::change);
    const std::size_t problems_before = reading.problems().size();
    model_fields().take(next, item.body, reading);
    if (could_read_endpoints(reading, problems_before)) settle_endpoints(next, before, desk_, reading);
    check_model(next, before, desk_, reading);
    if (!is_new && model_fields().difference(current, next).after.members()->empty()) continue;
    next.model.updated_at = desk_.now();
    puts_.add(ports::PutModel{model_record(next), is_new},
              model_note(is_new ? "model.create" : "model.update", before, &next), ports::ModelsChanged{});
  }
  if (!prune_) co_return Outcome<>();
  co_return co_await prune_models(items);
}

Task<Outcome<>> ApplyPlan::make_mcp_servers(const Json& section, Reading& reading) {
  const StatedItems items = stated_items(section, "name", reading);
  for (const StatedItem& item : items) {
    const auto inside = reading.inside(item.step);
    const auto found = co_await desk_.store().find_mcp_server(item.name);
    if (!found) co_return std::unexpected(refuse_fault(found.error()));
    const bool is_new = !found->has_value();
    McpServerDoc current = new_mcp_server(desk_);
    if (!is_new) {
      Outcome<McpServerDoc> known = co_await names_.doc_of(**found);
      if (!known) co_return std::unexpected(known.error());
      current = std::move(*known);
    }
    const McpServerDoc* before = is_new ? nullptr : &current;
    const McpServer* former = is_new ? nullptr : &current.server;
    McpServerDoc next = current;
    reading.set_mode(is_new ? ReadMode::create : ReadMode::change);
    mcp_server_fields().take(next, item.body, reading);
    check_mcp_server(next.server, former, desk_, reading);
    const Outcome<> settled = co_await names_.settle(next, former, reading);
    if (!settled) co_return settled;
    if (!is_new && mcp_server_fields().difference(current, next).after.members()->empty()) continue;
    next.server.updated_at = desk_.now();
    puts_.add(ports::PutMcpServer{next.server, is_new},
              mcp_server_note(is_new ? "mcp_server.create" : "mcp_server.update", before, &next),
              ports::McpServersChanged{});
  }
  if (!prune_) co_return Outcome<>();
  co_return co_await prune_mcp_servers(items);
}

Task<Outcome<>> ApplyPlan::prune_models(const StatedItems& stated) {
  const Outcome<std::vector<Model>> all = co_await every_row(desk_.store(), &ports::RecordStore::list_models);
  if (!all) co_return std::unexpected(all.error());
  for (const Model& model : *all) {
    if (stated.contains(model.model_name)) continue;
    const ModelDoc doc = model_doc(model);
    deletions_.add(ports::DeleteModel{model.id}, model_note("model.delete", &doc, nullptr), ports::ModelsChanged{});
  }
  co_return Outcome<>();
}

Task<Outcome<>> ApplyPlan::prune_mcp_servers(const StatedItems& stated) {
  const Outcome<std::vector<McpServer>> all = co_await every_row(desk_.store(), &ports::RecordStore::list_mcp_servers);
  if (!all) co_return std::unexpected(all.error());
  for (const McpServer& server : *all) {
    if (stated.contains(server.name)) continue;
    const Outcome<McpServerDoc> doc = co_await names_.doc_of(server);
    if (!doc) co_return std::unexpected(doc.error());
    deletions_.add(ports::DeleteMcpServer{server.id}, mcp_server_note("mcp_server.delete", &*doc, nullptr),
                   ports::McpServersChanged{});
  }
  co_return Outcome<>();
}

}  // namespace obleth::admin
