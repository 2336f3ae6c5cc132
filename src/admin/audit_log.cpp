#include "admin/audit_log.hpp"

#include <utility>

#include "admin/asked_span.hpp"
#include "admin/codec.hpp"
#include "admin/paging.hpp"

namespace obleth::admin {
namespace {

// What the desk wrote as JSON text, as JSON again.
std::optional<Json> json_of(const std::string& text) {
  if (text.empty()) return Json();
  JsonOutcome json = parse_json(text);
  return json ? std::move(*json) : Json(text);
}

const Fields<AuditEntry>& audit_fields() {
  using F = Declare<AuditEntry>;
  const Json plain = Json::object({{"type", "string"}});
  const Json change = Json::object({{"type", Json::list({"object", "null"})}});
  const auto shown = [&plain](const char* name, auto member_of) {
    return F::live(name, plain,
                   [member_of](const AuditEntry& entry) -> std::optional<Json> { return member_of(entry); });
  };
  static const Fields<AuditEntry> fields(
      {F::fixed("id", uuid<AuditId>(), [](auto& entry) -> auto& { return entry.id; }),
       F::fixed("at", timestamp(), [](auto& entry) -> auto& { return entry.at; }),
       shown("actor", [](const AuditEntry& entry) { return entry.actor; }),
       shown("remote_address", [](const AuditEntry& entry) { return entry.remote_address; }),
       shown("action", [](const AuditEntry& entry) { return entry.action; }),
       shown("target_kind", [](const AuditEntry& entry) { return entry.target_kind; }),
       shown("target", [](const AuditEntry& entry) { return entry.target; }),
       shown("target_name", [](const AuditEntry& entry) { return entry.target_name; }),
       F::live("before", change, [](const AuditEntry& entry) { return json_of(entry.before_json); }),
       F::live("after", change, [](const AuditEntry& entry) { return json_of(entry.after_json); })});
  return fields;
}

std::vector<Parameter> filters() {
  std::vector<Parameter> parameters = page_parameters(false);
  const Json plain = Json::object({{"type", "string"}});
  parameters.push_back({"actor", plain, "Only changes by this admin token, by its name."});
  parameters.push_back({"action", plain, "Only this action, as in tenant.create."});
  parameters.push_back({"target", plain, "Only changes of this, by id or name."});
  append_span_parameters(parameters);
  return parameters;
}

}  // namespace

void AuditLog::register_in(RouteTable& table) {
  table.section("audit");
  table.describe("AuditEntry", audit_fields().schema(SchemaKind::answer));
  table.describe("AuditEntryList", list_of_schema("AuditEntry"));
  table.add(get("/audit", "List changes").lists("AuditEntry").asks(filters()).answered_by(this, &AuditLog::list));
}

Task<Reply> AuditLog::list(const Call& call) {
  Outcome<ports::PageRequest> page = requested_page(call);
  if (!page) co_return page.error();
  Reading reading(ReadMode::create);
  ports::AuditFilter filter{.page = std::move(*page),
                            .actor = call.asked("actor").value_or(std::string()),
                            .action = call.asked("action").value_or(std::string()),
                            .target = call.asked("target").value_or(std::string()),
                            .since = asked_moment(call, "since", reading),
                            .until = asked_moment(call, "until", reading)};
  if (reading.failed()) co_return refuse_body(reading);
  const auto entries = co_await desk_.store().list_audit(std::move(filter));
  if (!entries) co_return refuse_page(entries.error());
  Json rows = Json::list();
  for (const AuditEntry& entry : entries->rows)
    rows.append(audit_fields().show(entry));
  co_return answer(200, list_json(std::move(rows), entries->next_cursor));
}

}  // namespace obleth::admin
