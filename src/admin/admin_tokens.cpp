#include "admin/admin_tokens.hpp"

#include <algorithm>
#include <utility>

#include "admin/audit_note.hpp"
#include "admin/key_fields.hpp"
#include "admin/paging.hpp"
#include "admin/schema_parts.hpp"
#include "admin/shapes.hpp"
#include "wire/http_syntax.hpp"

namespace obleth::admin {
namespace {

constexpr std::size_t admin_tokens_max = 1000;

const Fields<AdminToken>& token_fields() {
  using F = Declare<AdminToken>;
  const Choices<AdminRole> roles{{"admin", AdminRole::admin}, {"viewer", AdminRole::viewer}};
  static const Fields<AdminToken> fields(
      {F::fixed("id", uuid<AdminTokenId>(), [](auto& token) -> auto& { return token.id; }),
       F::writable("name", unique_name(name_length_max), [](auto& token) -> auto& { return token.name; })
           .required()
           .about("The actor in the audit log."),
       F::writable("role", choice(roles), [](auto& token) -> auto& { return token.role; })
           .about("viewer reads, admin changes; viewer unless given."),
       F::live("prefix", Json::object({{"type", "string"}, {"description", "The token's first characters."}}),
               [](const AdminToken& token) -> std::optional<Json> { return token.prefix; }),
       F::fixed("created_at", timestamp(), [](auto& token) -> auto& { return token.created_at; })});
  return fields;
}

// As a key's secret, but told apart from one at a glance.
Secret token_secret(const RecordDesk& desk) {
  const Secret key = new_secret(desk);
  return Secret("adm" + std::string(key.reveal().substr(2)));
}

AuditNote token_note(const char* action, const AdminToken* before, const AdminToken* after) {
  const AdminToken& subject = after != nullptr ? *after : *before;
  return note_of({action, "admin_token", subject.id.uuid(), subject.name}, token_fields(), before, after);
}

Place place_of(const AdminToken& token) {
  return {.number = token.created_at.unix_ms, .id = token.id.bits};
}

// As the other lists filter theirs, in the record.
bool has_in_name(const AdminToken& token, std::string_view part) {
  return part.empty() || !std::ranges::search(token.name, part, {}, wire::lower_case, wire::lower_case).empty();
}

}  // namespace

void AdminTokens::register_in(RouteTable& table) {
  table.section("admin tokens");
  table.describe("AdminToken", token_fields().schema(SchemaKind::answer));
  table.describe("AdminTokenList", list_of_schema("AdminToken"));
  table.describe("AdminTokenCreate", token_fields().schema(SchemaKind::create));
  table.describe("AdminTokenWithSecret", with_secret_schema("admin_token", reference_to("AdminToken")));
  table.add(get("/admin-tokens", "List admin tokens")
                .lists("AdminToken")
                .asks(page_parameters())
                .answered_by(this, &AdminTokens::list));
  table.add(post("/admin-tokens", "Create an admin token; it is answered once")
                .takes("AdminTokenCreate")
                .gives("AdminTokenWithSecret", 201)
                .may_answer({409})
                .answered_by(this, &AdminTokens::create));
  table.add(del("/admin-tokens/{id}", "Delete an admin token").answered_by(this, &AdminTokens::remove));
}

Task<Reply> AdminTokens::list(const Call& call) {
  const Outcome<ports::PageRequest> page = requested_page(call);
  if (!page) co_return page.error();
  const Outcome<std::optional<Place>> before = last_place(*page);
  if (!before) co_return before.error();
  const auto tokens = co_await desk_.store().all_admin_tokens();
  if (!tokens) co_return refuse_fault(tokens.error());
  Json rows = Json::list();
  Place last;
  for (const AdminToken& token : *tokens) {
    if ((*before && place_of(token) <= **before) || !has_in_name(token, page->name_contains)) continue;
    if (rows.items()->size() == page->limit) co_return answer(200, list_json(std::move(rows), cursor_after(last)));
    rows.append(token_fields().show(token));
    last = place_of(token);
  }
  co_return answer(200, list_json(std::move(rows), {}));
}

Task<Reply> AdminTokens::create(const Call& call) {
  const RecordDesk::Turn turn = co_await desk_.turn();
  const auto tokens = co_await desk_.store().all_admin_tokens();
  if (!tokens) co_return refuse_fault(tokens.error());
  AdminToken token;
  Reading reading(ReadMode::create);
  token_fields().take(token, call.body, reading);
  if (reading.failed()) co_return refuse_body(reading);
  if (tokens->size() >= admin_tokens_max) co_return conflict("admin_tokens", "are too many: delete some first");
  const bool configured =
      std::ranges::any_of(desk_.given().tokens, [&](const ConfiguredToken& one) { return one.name == token.name; });
  if (configured) co_return conflict("name", "is taken by a token of the configuration");
  const Secret secret = token_secret(desk_);
  token.created_at = desk_.now();
  token.id = desk_.new_id<AdminTokenId>(token.created_at);
  token.prefix = secret.reveal().substr(0, key_prefix_length);
  token.hash = desk_.given().hasher.hash(secret.reveal());
  Edit made;
  made.add(ports::PutAdminToken{token, true}, token_note("admin_token.create", nullptr, &token),
           ports::AdminTokensChanged{});
  const auto done = co_await desk_.commit(turn, call.caller, std::move(made));
  if (!done) co_return done.error();
  co_return answer(201, Json::object({{"admin_token", token_fields().show(token)}, {"secret", secret.reveal()}}));
}

Task<Reply> AdminTokens::remove(const Call& call) {
  const RecordDesk::Turn turn = co_await desk_.turn();
  const auto tokens = co_await desk_.store().all_admin_tokens();
  if (!tokens) co_return refuse_fault(tokens.error());
  const auto id = AdminTokenId::from_text(call.at("id"));
  const auto token = std::ranges::find_if(*tokens, [&](const AdminToken& one) { return id && one.id == *id; });
  if (token == tokens->end()) co_return not_found("admin token", call.at("id"));
  Edit deleted;
  deleted.add(ports::DeleteAdminToken{token->id}, token_note("admin_token.delete", &*token, nullptr),
              ports::AdminTokensChanged{});
  const auto done = co_await desk_.commit(turn, call.caller, std::move(deleted));
  if (!done) co_return done.error();
  co_return no_content();
}

}  // namespace obleth::admin
