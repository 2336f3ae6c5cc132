#include "admin/mcp_rule_names.hpp"

#include <algorithm>
#include <utility>

namespace obleth::admin {
namespace {

template <class Record>
using Reference = IdOrFormerName<typename RecordNames<Record>::Id>;

// False: who is named was deleted.
template <class Record>
Task<Outcome<bool>> show(RecordNames<Record>& names, const std::optional<Reference<Record>>& kept,
                         std::optional<std::string>& shown) {
  if (!kept) co_return true;
  if (const auto* former = std::get_if<std::string>(&*kept)) {
    shown = *former;
    co_return true;
  }
  Outcome<std::optional<std::string>> name = co_await names.find_name(std::get<0>(*kept));
  if (!name) co_return std::unexpected(name.error());
  shown = std::move(*name);
  co_return shown.has_value();
}

// A member of a rule on its way into the record.
template <class Record>
struct Stated {
  std::string_view field;
  std::optional<std::string>& name;
  std::optional<Reference<Record>> McpAccess::* kept;
};

bool had(const McpServer* before, const auto& is_it) {
  return before != nullptr && before->access && std::ranges::any_of(*before->access, is_it);
}

template <class Record>
Task<Outcome<>> resolve(RecordNames<Record>& names, Stated<Record> stated, McpAccess& rule, const McpServer* before,
                        Reading& reading) {
  if (!stated.name) co_return Outcome<>();
  const Outcome<std::optional<typename RecordNames<Record>::Id>> id = co_await names.find_id(*stated.name);
  if (!id) co_return std::unexpected(id.error());
  if (!*id) {
    const Reference<Record> former(*stated.name);
    rule.*stated.kept = former;
    if (!had(before, [&](const McpAccess& one) { return one.*stated.kept == former; }))
      reading.fault_at(stated.field,
                       "names no " + std::string(stated.field) + ": create \"" + *stated.name + "\" first");
    co_return Outcome<>();
  }
  rule.*stated.kept = **id;
  const Outcome<bool> shown = co_await show(names, rule.*stated.kept, stated.name);
  if (!shown) co_return std::unexpected(shown.error());
  co_return Outcome<>();
}

}  // namespace

Task<Outcome<McpServerDoc>> McpRuleNames::doc_of(McpServer server) {
  McpServerDoc doc{.server = std::move(server), .access = {}};
  if (!doc.server.access) co_return std::move(doc);
  doc.access.emplace();
  for (const McpAccess& rule : *doc.server.access) {
    McpAccessDoc told{.tenant = {}, .group = {}, .tools = rule.tools};
    const Outcome<bool> has_tenant = co_await show(tenants_, rule.tenant, told.tenant);
    if (!has_tenant) co_return std::unexpected(has_tenant.error());
    const Outcome<bool> has_group = co_await show<Group>(groups_, rule.group, told.group);
    if (!has_group) co_return std::unexpected(has_group.error());
    if (*has_tenant && *has_group) doc.access->push_back(std::move(told));
  }
  co_return std::move(doc);
}

Task<Outcome<>> McpRuleNames::settle(McpServerDoc& doc, const McpServer* before, Reading& reading) {
  doc.server.access.reset();
  if (!doc.access) co_return Outcome<>();
  doc.server.access.emplace();
  const auto in_rules = reading.member("access");
  for (std::size_t at = 0; at < doc.access->size(); ++at) {
    const auto in_rule = reading.item(at);
    McpAccessDoc& told = (*doc.access)[at];
    McpAccess rule{.tenant = {}, .group = {}, .tools = told.tools};
    const Stated<Tenant> tenant{"tenant", told.tenant, &McpAccess::tenant};
    const Outcome<> tenant_done = co_await resolve(tenants_, tenant, rule, before, reading);
    if (!tenant_done) co_return tenant_done;
    const Stated<Group> group{"group", told.group, &McpAccess::group};
    const Outcome<> group_done = co_await resolve<Group>(groups_, group, rule, before, reading);
    if (!group_done) co_return group_done;
    doc.server.access->push_back(std::move(rule));
  }
  co_return Outcome<>();
}

}  // namespace obleth::admin
