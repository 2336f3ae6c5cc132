#include "admin/key_fields.hpp"

#include <array>
#include <utility>

#include "admin/audit_note.hpp"

namespace obleth::admin {
namespace {

using F = Declare<KeyDoc>;

Json rotation_schema() {
  const Json until = Json::object({{"type", "string"}, {"format", "date-time"}});
  return Json::object({{"type", Json::list({"object", "null"})},
                       {"description", "While two secrets are live after a rotation: when the old one ends."},
                       {"properties", Json::object({{"old_secret_expires_at", until}})},
                       {"required", Json::list({"old_secret_expires_at"})},
                       {"additionalProperties", false}});
}

std::optional<Json> rotation(const KeyDoc& doc) {
  if (!doc.key.former_hash || !doc.key.former_expires_at) return Json();
  return Json::object({{"old_secret_expires_at", to_rfc3339(*doc.key.former_expires_at)}});
}

std::optional<Json> last_used_at(const KeyDoc& doc) {
  return doc.key.last_used_at ? Json(to_rfc3339(*doc.key.last_used_at)) : Json();
}

// A key that is given no name has its secret's first characters for one.
Field<KeyDoc> name_field() {
  Field<KeyDoc> field =
      F::writable("name", unique_name(name_length_max), [](auto& doc) -> auto& { return doc.key.name; });
  field.reset = [](KeyDoc& doc) { doc.key.name = doc.key.prefix; };
  return field.kept_when_absent();
}

std::vector<Field<KeyDoc>> identity() {
  return {F::fixed("id", uuid<KeyId>(), [](auto& doc) -> auto& { return doc.key.id; }),
          F::fixed("tenant_id", uuid<TenantId>(), [](auto& doc) -> auto& { return doc.key.tenant; }),
          name_field(),
          F::live("prefix", Json::object({{"type", "string"}, {"description", "The secret's first characters."}}),
                  [](const KeyDoc& doc) -> std::optional<Json> { return doc.key.prefix; }),
          F::writable("disabled", boolean(), [](auto& doc) -> auto& { return doc.key.disabled; }),
          F::writable("expires_at", nullable(timestamp()), [](auto& doc) -> auto& { return doc.key.expires_at; }),
          F::writable("allowed_models", allow_list(), [](auto& doc) -> auto& {
            return doc.key.allowed_models;
          }).about("Within the tenant's own list; null: all of that.")};
}

std::vector<Field<KeyDoc>> limits() {
  return {F::writable("budget", budget_or_none(), [](auto& doc) -> auto& { return doc.budget; }),
          F::writable("weight", weight(), [](auto& doc) -> auto& { return doc.key.weight; })
              .about("Share among the keys of one tenant."),
          F::live("rotation", rotation_schema(), rotation),
          F::live("last_used_at", nullable(timestamp()).schema, last_used_at)};
}

Fields<KeyDoc> declare() {
  const auto quota = [](auto& doc) -> auto& { return doc.key.quota; };
  const auto record = [](auto& doc) -> auto& { return doc.key; };
  return Fields<KeyDoc>(
      joined<KeyDoc>({identity(), quota_fields<KeyDoc>(quota), limits(), moment_fields<KeyDoc>(record)}));
}

}  // namespace

const Fields<KeyDoc>& key_fields() {
  static const Fields<KeyDoc> fields = declare();
  return fields;
}

KeyDoc key_doc(ApiKey key) {
  KeyDoc doc{.key = std::move(key), .budget = {}};
  doc.budget = budget_doc(doc.key.budget);
  return doc;
}

ApiKey key_record(const KeyDoc& doc) {
  ApiKey key = doc.key;
  key.budget = budget_of(doc.budget);
  return key;
}

Secret new_secret(const RecordDesk& desk) {
  std::array<unsigned char, key_random_bytes> random{};
  desk.given().entropy.fill(random);
  return make_key_secret(random);
}

FreshKey new_key(const RecordDesk& desk, TenantId tenant) {
  FreshKey fresh{.doc = {}, .secret = new_secret(desk)};
  ApiKey& key = fresh.doc.key;
  key.created_at = key.updated_at = desk.now();
  key.id = desk.new_id<KeyId>(key.created_at);
  key.tenant = tenant;
  key.prefix = display_prefix(fresh.secret);
  key.name = key.prefix;
  key.hash = desk.given().hasher.hash(fresh.secret.reveal());
  return fresh;
}

AuditNote key_note(const char* action, const KeyDoc* before, const KeyDoc* after) {
  const ApiKey& subject = (after != nullptr ? after : before)->key;
  AuditNote note = note_of({action, "key", subject.id.uuid(), subject.name}, key_fields(), before, after);
  if (before != nullptr && after != nullptr && before->key.prefix != after->key.prefix) {
    note.before.set("prefix", before->key.prefix);
    note.after.set("prefix", after->key.prefix);
  }
  return note;
}

}  // namespace obleth::admin
