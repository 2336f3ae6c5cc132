#include "admin/tenants.hpp"

#include <utility>

#include "admin/audit_note.hpp"
#include "admin/paging.hpp"

namespace obleth::admin {
namespace {

using TenantFields = Fields<TenantDoc>;

const TenantFields& weight_only() {
  static const TenantFields fields = tenant_fields().only({"weight"}).all_required();
  return fields;
}

const TenantFields& group_only() {
  static const TenantFields fields = tenant_fields().only({"group"}).all_required();
  return fields;
}

const TenantFields& status_only() {
  static const TenantFields fields = tenant_fields().only({"status"}).all_required();
  return fields;
}

const TenantFields& allowlist_only() {
  static const TenantFields fields = tenant_fields().only({"allowed_models"}).all_required();
  return fields;
}

const TenantFields& quota_only() {
  static const TenantFields fields =
      tenant_fields().only({"tokens_per_minute", "requests_per_minute", "max_in_flight"});
  return fields;
}

const TenantFields& schedule_only() {
  static const TenantFields fields =
      tenant_fields().only({"timezone", "active_from", "active_until", "weekly_windows"});
  return fields;
}

}  // namespace

TenantDoc new_tenant(const RecordDesk& desk) {
  TenantDoc doc;
  doc.tenant.created_at = doc.tenant.updated_at = desk.now();
  doc.tenant.id = desk.new_id<TenantId>(doc.tenant.created_at);
  return doc;
}

AuditNote tenant_note(const char* action, const TenantDoc* before, const TenantDoc* after) {
  const Tenant& subject = (after != nullptr ? after : before)->tenant;
  return note_of({action, "tenant", subject.id.uuid(), subject.name}, tenant_fields(), before, after);
}

void Tenants::register_in(RouteTable& table) {
  table.section("tenants");
  table.describe_resource("Tenant", tenant_fields());
  table.add(get("/tenants", "List tenants").lists("Tenant").asks(page_parameters()).answered_by(this, &Tenants::list));
  table.add(post("/tenants", "Create a tenant")
                .takes("TenantCreate")
                .gives("Tenant", 201)
                .may_answer({409})
                .answered_by(this, &Tenants::create));
  table.add(get("/tenants/{id}", "Show a tenant").gives("Tenant").answered_by(this, &Tenants::show));
  table.add(put("/tenants/{id}", "Replace a tenant")
                .takes("TenantReplace")
                .gives("Tenant")
                .may_answer({409})
                .answered_by([this](const Call& call) { return edit(call, tenant_fields(), ReadMode::replace); }));
  table.add(patch("/tenants/{id}", "Change a tenant")
                .takes("TenantChange")
                .gives("Tenant")
                .may_answer({409})
                .answered_by([this](const Call& call) { return edit(call, tenant_fields(), ReadMode::change); }));
  table.add(del("/tenants/{id}", "Delete a tenant with its keys").answered_by(this, &Tenants::remove));
  register_parts_in(table);
}

Route Tenants::part(Route route, const TenantFields& fields, ReadMode mode) {
  return std::move(route).gives("Tenant").answered_by(
      [this, &fields, mode](const Call& call) { return edit(call, fields, mode); });
}

void Tenants::register_parts_in(RouteTable& table) {
  table.describe("TenantWeightOnly", weight_only().schema(SchemaKind::replace));
  table.describe("TenantGroupOnly", group_only().schema(SchemaKind::replace));
  table.describe("TenantStatusOnly", status_only().schema(SchemaKind::replace));
  table.describe("TenantAllowlistOnly", allowlist_only().schema(SchemaKind::replace));
  table.describe("TenantQuotaOnly", quota_only().schema(SchemaKind::replace));
  table.describe("TenantScheduleOnly", schedule_only().schema(SchemaKind::change));
  table.describe("Budget", budget_schema());
  table.describe("BudgetChange", budget_fields().schema(SchemaKind::change));
  table.describe("BudgetChangeOrNull", or_null(reference_to("BudgetChange")));
  const auto whole = ReadMode::replace;
  table.add(
      part(patch("/tenants/{id}/weight", "Set a tenant's weight").takes("TenantWeightOnly"), weight_only(), whole));
  table.add(part(patch("/tenants/{id}/group", "Move a tenant to another group").takes("TenantGroupOnly"), group_only(),
                 whole));
  table.add(
      part(put("/tenants/{id}/quota", "Replace a tenant's limits").takes("TenantQuotaOnly"), quota_only(), whole));
  table.add(part(patch("/tenants/{id}/status", "Suspend, archive or activate a tenant").takes("TenantStatusOnly"),
                 status_only(), whole));
  table.add(
      part(patch("/tenants/{id}/schedule", "Change when a tenant may use the gateway").takes("TenantScheduleOnly"),
           schedule_only(), ReadMode::change));
  table.add(part(patch("/tenants/{id}/allowlist", "Set which models a tenant may use").takes("TenantAllowlistOnly"),
                 allowlist_only(), whole));
  table.add(patch("/tenants/{id}/budget", "Change a tenant's budget; null removes it")
                .takes("BudgetChangeOrNull")
                .gives("Tenant")
                .answered_by(this, &Tenants::edit_budget));
}

Task<Reply> Tenants::list(const Call& call) {
  const Outcome<ports::PageRequest> page = requested_page(call);
  if (!page) co_return page.error();
  auto tenants = co_await desk_.store().list_tenants(*page);
  if (!tenants) co_return refuse_page(tenants.error());
  GroupNames groups(desk_);
  Json rows = Json::list();
  for (Tenant& tenant : tenants->rows) {
    Outcome<std::string> group = co_await groups.name_of(tenant.group);
    if (!group) co_return group.error();
    TenantDoc doc = tenant_doc(std::move(tenant), std::move(*group));
    co_await fill_in_use(doc);
    rows.append(tenant_fields().show(doc));
  }
  co_return answer(200, list_json(std::move(rows), tenants->next_cursor));
}

Task<Reply> Tenants::create(const Call& call) {
  const RecordDesk::Turn turn = co_await desk_.turn();
  TenantDoc doc = new_tenant(desk_);
  Reading reading(ReadMode::create);
  tenant_fields().take(doc, call.body, reading);
  GroupNames groups(desk_);
  const Outcome<GroupId> group = co_await groups.id_of(doc.group, reading);
  if (!group) co_return group.error();
  if (reading.failed()) co_return refuse_body(reading);
  Edit made;
  made.add(ports::PutTenant{tenant_record(doc, *group), true}, tenant_note("tenant.create", nullptr, &doc),
           ports::TenantChanged{doc.tenant.id});
  const auto done = co_await desk_.commit(turn, call.caller, std::move(made));
  if (!done) co_return done.error();
  co_await fill_in_use(doc);
  co_return answer(201, tenant_fields().show(doc));
}

Task<Reply> Tenants::show(const Call& call) {
  Outcome<TenantDoc> doc = co_await find(call.at("id"));
  if (!doc) co_return doc.error();
  co_await fill_in_use(*doc);
  co_return answer(200, tenant_fields().show(*doc));
}

Task<Reply> Tenants::edit(const Call& call, const TenantFields& fields, ReadMode mode) {
  const RecordDesk::Turn turn = co_await desk_.turn();
  const Outcome<TenantDoc> current = co_await find(call.at("id"));
  if (!current) co_return current.error();
  TenantDoc next = *current;
  Reading reading(mode);
  fields.take(next, call.body, reading);
  co_return co_await save(turn, call, *current, std::move(next), reading);
}

Task<Reply> Tenants::edit_budget(const Call& call) {
  const RecordDesk::Turn turn = co_await desk_.turn();
  const Outcome<TenantDoc> current = co_await find(call.at("id"));
  if (!current) co_return current.error();
  TenantDoc next = *current;
  // A tenant without a budget gets a whole one; an existing one is changed where the body names something.
  Reading reading(next.budget ? ReadMode::change : ReadMode::replace);
  if (call.body.is_null()) {
    next.budget.reset();
  } else {
    if (!next.budget) next.budget.emplace();
    budget_fields().take(*next.budget, call.body, reading);
  }
  co_return co_await save(turn, call, *current, std::move(next), reading);
}

Task<Reply> Tenants::remove(const Call& call) {
  const RecordDesk::Turn turn = co_await desk_.turn();
  const Outcome<TenantDoc> doc = co_await find(call.at("id"));
  if (!doc) co_return doc.error();
  Edit deleted;
  deleted.add(ports::DeleteTenant{doc->tenant.id}, tenant_note("tenant.delete", &*doc, nullptr),
              ports::TenantChanged{doc->tenant.id});
  const auto done = co_await desk_.commit(turn, call.caller, std::move(deleted));
  if (!done) co_return done.error();
  co_return no_content();
}

Task<Reply> Tenants::save(const RecordDesk::Turn& turn, const Call& call, const TenantDoc& current, TenantDoc next,
                          Reading& reading) {
  GroupNames groups(desk_);
  Outcome<GroupId> group = next.tenant.group;
  if (next.group != current.group) group = co_await groups.id_of(next.group, reading);
  if (!group) co_return group.error();
  if (reading.failed()) co_return refuse_body(reading);
  next.tenant.updated_at = desk_.now();
  Edit changed;
  changed.add(ports::PutTenant{tenant_record(next, *group), false}, tenant_note("tenant.update", &current, &next),
              ports::TenantChanged{next.tenant.id});
  const auto done = co_await desk_.commit(turn, call.caller, std::move(changed));
  if (!done) co_return done.error();
  co_await fill_in_use(next);
  co_return answer(200, tenant_fields().show(next));
}

Task<Outcome<TenantDoc>> Tenants::find(std::string id) {
  Result<std::optional<Tenant>> found = co_await desk_.store().find_tenant(id);
  if (!found) co_return std::unexpected(refuse_fault(found.error()));
  if (!*found) co_return std::unexpected(not_found("tenant", id));
  GroupNames groups(desk_);
  Outcome<std::string> group = co_await groups.name_of((*found)->group);
  if (!group) co_return std::unexpected(group.error());
  co_return tenant_doc(std::move(**found), std::move(*group));
}

Task<void> Tenants::fill_in_use(TenantDoc& doc) {
  if (!doc.budget || !desk_.live().budget_use) co_return;
  BudgetQuestion question{.tenant = doc.tenant.id,
                          .key = {},
                          .quota = doc.tenant.quota,
                          .budget = doc.budget->budget,
                          .timezone = doc.tenant.schedule.timezone};
  doc.budget->use = co_await desk_.live().budget_use(std::move(question));
}

}  // namespace obleth::admin
