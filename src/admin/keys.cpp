#include "admin/keys.hpp"

#include <utility>

#include "admin/paging.hpp"
#include "admin/schema_parts.hpp"

namespace obleth::admin {
namespace {

constexpr std::int64_t grace_secs_default = 24 * 3600;
constexpr std::int64_t grace_secs_max = 30 * 24 * 3600;

const Fields<KeyDoc>& disabled_only() {
  static const Fields<KeyDoc> fields = key_fields().only({"disabled"}).all_required();
  return fields;
}

struct Rotation {
  std::int64_t grace_secs = grace_secs_default;
};

const Fields<Rotation>& rotation_fields() {
  static const Fields<Rotation> fields(
      {Declare<Rotation>::writable("grace_secs", whole<std::int64_t>(0, grace_secs_max), [](auto& rotation) -> auto& {
         return rotation.grace_secs;
       }).about("How long the old secret stays valid; 86400 unless given.")});
  return fields;
}

Json with_secret(const KeyDoc& doc, const Secret& secret) {
  return Json::object({{"key", key_fields().show(doc)}, {"secret", secret.reveal()}});
}

}  // namespace

void Keys::register_in(RouteTable& table) {
  table.section("keys");
  table.describe_resource("Key", key_fields());
  table.describe("KeyWithSecret", with_secret_schema("key", reference_to("Key")));
  table.describe("KeyDisabled", disabled_only().schema(SchemaKind::replace));
  table.describe("KeyRotate", rotation_fields().schema(SchemaKind::create));
  table.add(get("/keys", "List keys").lists("Key").asks(page_parameters()).answered_by(this, &Keys::list_all));
  table.add(get("/tenants/{id}/keys", "List a tenant's keys")
                .lists("Key")
                .asks(page_parameters())
                .answered_by(this, &Keys::list_of_tenant));
  table.add(post("/tenants/{id}/keys", "Create a key; its secret is answered once")
                .takes("KeyCreate")
                .gives("KeyWithSecret", 201)
                .may_answer({409})
                .answered_by(this, &Keys::create));
  table.add(get("/keys/{id}", "Show a key").gives("Key").answered_by(this, &Keys::show));
  table.add(put("/keys/{id}", "Replace a key's settings")
                .takes("KeyReplace")
                .gives("Key")
                .may_answer({409})
                .answered_by([this](const Call& call) { return edit(call, key_fields(), ReadMode::replace); }));
  table.add(patch("/keys/{id}", "Change a key's settings")
                .takes("KeyChange")
                .gives("Key")
                .may_answer({409})
                .answered_by([this](const Call& call) { return edit(call, key_fields(), ReadMode::change); }));
  table.add(del("/keys/{id}", "Delete a key").answered_by(this, &Keys::remove));
  table.add(put("/keys/{id}/disabled", "Disable or enable a key")
                .takes("KeyDisabled")
                .gives("Key")
                .answered_by([this](const Call& call) { return edit(call, disabled_only(), ReadMode::replace); }));
  table.add(post("/keys/{id}/rotate", "Give a key a new secret; the old one stays valid for a while")
                .takes("KeyRotate")
                .gives("KeyWithSecret")
                .answered_by(this, &Keys::rotate));
}

Task<Reply> Keys::list_all(const Call& call) {
  co_return co_await list(call, std::nullopt);
}

Task<Reply> Keys::list_of_tenant(const Call& call) {
  const Outcome<TenantId> tenant = co_await find_tenant(call.at("id"));
  if (!tenant) co_return tenant.error();
  co_return co_await list(call, *tenant);
}

Task<Reply> Keys::list(const Call& call, std::optional<TenantId> tenant) {
  const Outcome<ports::PageRequest> page = requested_page(call);
  if (!page) co_return page.error();
  auto keys = co_await desk_.store().list_keys(tenant, *page);
  if (!keys) co_return refuse_page(keys.error());
  Json rows = Json::list();
  for (ApiKey& key : keys->rows) {
    KeyDoc doc = key_doc(std::move(key));
    co_await fill_in_live(doc);
    rows.append(key_fields().show(doc));
  }
  co_return answer(200, list_json(std::move(rows), keys->next_cursor));
}

Task<Reply> Keys::create(const Call& call) {
  const RecordDesk::Turn turn = co_await desk_.turn();
  const Outcome<TenantId> tenant = co_await find_tenant(call.at("id"));
  if (!tenant) co_return tenant.error();
  FreshKey fresh = new_key(desk_, *tenant);
  Reading reading(ReadMode::create);
  key_fields().take(fresh.doc, call.body, reading);
  if (reading.failed()) co_return refuse_body(reading);
  const Outcome<> saved = co_await save(turn, call.caller, "key.create", nullptr, &fresh.doc);
  if (!saved) co_return saved.error();
  co_await fill_in_live(fresh.doc);
  co_return answer(201, with_secret(fresh.doc, fresh.secret));
}

Task<Reply> Keys::show(const Call& call) {
  Outcome<KeyDoc> doc = co_await find(call.at("id"));
  if (!doc) co_return doc.error();
  co_await fill_in_live(*doc);
  co_return answer(200, key_fields().show(*doc));
}

Task<Reply> Keys::edit(const Call& call, const Fields<KeyDoc>& fields, ReadMode mode) {
  const RecordDesk::Turn turn = co_await desk_.turn();
  const Outcome<KeyDoc> current = co_await find(call.at("id"));
  if (!current) co_return current.error();
  KeyDoc next = *current;
  Reading reading(mode);
  fields.take(next, call.body, reading);
  if (reading.failed()) co_return refuse_body(reading);
  next.key.updated_at = desk_.now();
  const Outcome<> saved = co_await save(turn, call.caller, "key.update", &*current, &next);
  if (!saved) co_return saved.error();
  co_await fill_in_live(next);
  co_return answer(200, key_fields().show(next));
}

Task<Reply> Keys::rotate(const Call& call) {
  const RecordDesk::Turn turn = co_await desk_.turn();
  const Outcome<KeyDoc> current = co_await find(call.at("id"));
  if (!current) co_return current.error();
  Rotation rotation;
  Reading reading(ReadMode::create);
  rotation_fields().take(rotation, call.body, reading);
  if (reading.failed()) co_return refuse_body(reading);
  const Secret secret = new_secret(desk_);
  KeyDoc next = *current;
  next.key.former_hash.reset();
  next.key.former_expires_at.reset();
  if (rotation.grace_secs > 0) {
    next.key.former_hash = current->key.hash;
    next.key.former_expires_at = WallTime{desk_.now().unix_ms + rotation.grace_secs * 1000};
  }
  next.key.hash = desk_.given().hasher.hash(secret.reveal());
  next.key.prefix = display_prefix(secret);
  next.key.updated_at = desk_.now();
  const Outcome<> saved = co_await save(turn, call.caller, "key.rotate", &*current, &next);
  if (!saved) co_return saved.error();
  co_await fill_in_live(next);
  co_return answer(200, with_secret(next, secret));
}

Task<Reply> Keys::remove(const Call& call) {
  const RecordDesk::Turn turn = co_await desk_.turn();
  const Outcome<KeyDoc> doc = co_await find(call.at("id"));
  if (!doc) co_return doc.error();
  const Outcome<> saved = co_await save(turn, call.caller, "key.delete", &*doc, nullptr);
  if (!saved) co_return saved.error();
  co_return no_content();
}

Task<Outcome<TenantId>> Keys::find_tenant(std::string id) {
  const Result<std::optional<Tenant>> found = co_await desk_.store().find_tenant(id);
  if (!found) co_return std::unexpected(refuse_fault(found.error()));
  if (!*found) co_return std::unexpected(not_found("tenant", id));
  co_return (*found)->id;
}

Task<Outcome<KeyDoc>> Keys::find(std::string id) {
  const auto key_id = KeyId::from_text(id);
  if (!key_id) co_return std::unexpected(not_found("key", id));
  Result<std::optional<ApiKey>> found = co_await desk_.store().find_key(*key_id);
  if (!found) co_return std::unexpected(refuse_fault(found.error()));
  if (!*found) co_return std::unexpected(not_found("key", id));
  co_return key_doc(std::move(**found));
}

Task<Outcome<>> Keys::save(const RecordDesk::Turn& turn, const Caller& caller, const char* action, const KeyDoc* before,
                           const KeyDoc* after) {
  const ApiKey& key = (after != nullptr ? after : before)->key;
  Edit edit;
  const ports::Change change = ports::KeyChanged{key.id, key.tenant};
  if (after != nullptr)
    edit.add(ports::PutKey{key_record(*after), before == nullptr}, key_note(action, before, after), change);
  else
    edit.add(ports::DeleteKey{key.id}, key_note(action, before, after), change);
  const auto done = co_await desk_.commit(turn, caller, std::move(edit));
  if (!done) co_return std::unexpected(done.error());
  co_return Outcome<>();
}

Task<void> Keys::fill_in_live(KeyDoc& doc) {
  if (doc.key.former_expires_at && *doc.key.former_expires_at <= desk_.now()) doc.key.former_expires_at.reset();
  if (!doc.budget || !desk_.live().budget_use) co_return;
  const Result<std::optional<Tenant>> tenant = co_await desk_.store().find_tenant(doc.key.tenant.hex());
  if (!tenant || !*tenant) co_return;
  BudgetQuestion question{.tenant = doc.key.tenant,
                          .key = doc.key.id,
                          .quota = doc.key.quota,
                          .budget = doc.budget->budget,
                          .timezone = (*tenant)->schedule.timezone};
  doc.budget->use = co_await desk_.live().budget_use(std::move(question));
}

}  // namespace obleth::admin
