#include "admin/usage_questions.hpp"

#include <algorithm>
#include <utility>

#include "admin/asked_span.hpp"
#include "admin/codec.hpp"

namespace obleth::admin {
namespace {

constexpr std::int64_t end_of_time_ms = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t day_ms = 86'400'000;
constexpr std::size_t namesakes_page = 500;
constexpr int status_min = 100;
constexpr int status_max = 599;

Json name_schema() {
  return Json::object({{"type", "string"}, {"minLength", 1}});
}

// An empty one is nobody's name: it is neither nothing that was asked nor what has no rows.
void refuse_empty_names(const Call& call, Reading& reading) {
  for (const char* name : {"tenant", "key", "model", "group", "route", "client_request_id"}) {
    if (call.asked(name) == "") reading.fault_at(name, "must not be empty; leave it out to ask for all");
  }
}

const Choices<AdmissionOutcome>& admissions() {
  static const Choices<AdmissionOutcome> choices{{"fast", AdmissionOutcome::fast},
                                                 {"queued", AdmissionOutcome::queued},
                                                 {"brownout", AdmissionOutcome::brownout},
                                                 {"refused", AdmissionOutcome::refused}};
  return choices;
}

AskedScope asked_span(const Call& call, WallTime default_begin, Reading& reading) {
  AskedScope asked;
  const auto since = asked_moment(call, "since", reading);
  asked.until = asked_moment(call, "until", reading);
  asked.scope.span.end = asked.until.value_or(WallTime{end_of_time_ms});
  asked.scope.span.begin = since.value_or(std::min(default_begin, asked.scope.span.end));
  if (since && asked.until && *asked.until < *since) reading.fault_at("until", "must not be before since");
  refuse_empty_names(call, reading);
  return asked;
}

// Nothing: no key has this name. Several: the name alone does not say which.
Task<Outcome<std::optional<KeyId>>> key_named(RecordDesk& desk, std::optional<TenantId> tenant, std::string name) {
  std::optional<KeyId> found;
  ports::PageRequest page{.limit = namesakes_page, .cursor = {}, .name_contains = name};
  do {
    const auto keys = co_await desk.store().list_keys(tenant, page);
    if (!keys) co_return std::unexpected(refuse_fault(keys.error()));
    for (const ApiKey& key : keys->rows) {
      if (key.name != name) continue;
      if (found)
        co_return std::unexpected(refuse_field("key", "is the name of several keys: give the id, or the tenant, too"));
      found = key.id;
    }
    page.cursor = keys->next_cursor;
  } while (!page.cursor.empty());
  co_return found;
}

Task<Outcome<KeyId>> usage_key(RecordDesk& desk, std::optional<TenantId> tenant, std::string id_or_name) {
  if (const auto id = KeyId::from_text(id_or_name)) co_return *id;
  const Outcome<std::optional<KeyId>> named = co_await key_named(desk, tenant, std::move(id_or_name));
  if (!named) co_return std::unexpected(named.error());
  co_return named->value_or(KeyId{});
}

// Tenant and key, which may have to be looked up.
Task<Outcome<void>> ask_whose(const Call& call, RecordDesk& desk, ports::UsageScope& scope) {
  if (const auto tenant = call.asked("tenant")) {
    const Outcome<std::optional<TenantId>> found = co_await usage_tenant(desk, *tenant);
    if (!found) co_return std::unexpected(found.error());
    scope.tenant = found->value_or(TenantId{});  // of which there are no rows
  }
  if (const auto key = call.asked("key")) {
    const Outcome<KeyId> found = co_await usage_key(desk, scope.tenant, *key);
    if (!found) co_return std::unexpected(found.error());
    scope.key = *found;
  }
  scope.model = call.asked("model").value_or(std::string());
  scope.group = call.asked("group").value_or(std::string());
  co_return Outcome<void>();
}

std::optional<int> asked_status(const Call& call, Reading& reading) {
  const auto text = call.asked("status");
  if (!text) return std::nullopt;
  const auto status = scaled_integer(*text, 0);
  if (status && *status >= status_min && *status <= status_max) return static_cast<int>(*status);
  reading.fault_at("status", "must be an HTTP status, from 100 to 599");
  return std::nullopt;
}

std::optional<AdmissionOutcome> asked_admission(const Call& call, Reading& reading) {
  const auto text = call.asked("admission");
  if (!text) return std::nullopt;
  const auto inside = reading.member("admission");
  return choice(admissions()).take(Json(*text), reading);
}

std::optional<EventId> asked_event(const Call& call, Reading& reading) {
  const auto text = call.asked("event_id");
  if (!text) return std::nullopt;
  const auto id = EventId::from_text(*text);
  if (!id) reading.fault_at("event_id", "must be 32 hexadecimal digits");
  return id;
}

}  // namespace

WallTime days_before(WallTime now, std::int64_t days) {
  return {std::max<std::int64_t>(0, now.unix_ms / day_ms - days) * day_ms};
}

std::vector<Parameter> scope_parameters(const std::string& since_default) {
  return {{"since", moment_schema(), "From this moment on (RFC 3339 or Unix ms); " + since_default + "."},
          {"until", moment_schema(), "Before this moment (RFC 3339 or Unix ms); open where it is not given."},
          {"tenant", name_schema(), "Only this tenant, by id or name; a deleted one by its id or its last name."},
          {"key", name_schema(), "Only this key, by id, or by name where one key has it; a deleted one by its id."},
          {"model", name_schema(), "Only this model, by its name."},
          {"group", name_schema(), "Only tenants that were in this group then."}};
}

std::vector<Parameter> row_parameters() {
  std::vector<Parameter> parameters = scope_parameters("else from the first that is kept");
  std::vector<std::string> words;
  for (const auto& [word, value] : admissions())
    words.push_back(word);
  parameters.push_back({"route", name_schema(), "Only this route, as rows tell it."});
  parameters.push_back({"status", whole_schema(status_min, status_max), "Only this HTTP status."});
  parameters.push_back({"admission", choice_schema(words), "Only what was admitted so."});
  Json event_id = name_schema();
  event_id.set("pattern", "^([0-9a-fA-F]{32}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$");
  parameters.push_back({"event_id", std::move(event_id), "Only this request."});
  parameters.push_back(
      {"client_request_id", name_schema(), "Only requests to which the client gave this x-request-id."});
  return parameters;
}

Parameter groups_parameter(std::int64_t groups_default, std::int64_t groups_max) {
  Json schema = whole_schema(1, groups_max);
  schema.set("default", groups_default);
  return {"limit", std::move(schema), "How many tenants, keys, models or groups are told: the largest."};
}

Outcome<std::size_t> asked_groups(const Call& call, std::int64_t groups_default, std::int64_t groups_max) {
  const auto text = call.asked("limit");
  if (!text) return static_cast<std::size_t>(groups_default);
  const auto limit = scaled_integer(*text, 0);
  if (!limit || *limit < 1 || *limit > groups_max)
    return std::unexpected(refuse_field("limit", "must be a whole number from 1 to " + std::to_string(groups_max)));
  return static_cast<std::size_t>(*limit);
}

Task<Outcome<std::optional<TenantId>>> usage_tenant(RecordDesk& desk, std::string id_or_name) {
  const auto current = co_await desk.store().find_tenant(id_or_name);
  if (!current) co_return std::unexpected(refuse_fault(current.error()));
  if (*current) co_return (*current)->id;
  if (const auto id = TenantId::from_text(id_or_name)) {
    const auto name = co_await desk.given().usage->name_of_tenant(*id);
    if (!name) co_return std::unexpected(refuse_fault(name.error()));
    co_return name->empty() ? std::nullopt : std::optional(*id);
  }
  const auto former = co_await desk.given().usage->tenant_named(std::move(id_or_name));
  if (!former) co_return std::unexpected(refuse_fault(former.error()));
  co_return *former;
}

Task<Outcome<AskedScope>> asked_scope(const Call& call, RecordDesk& desk, WallTime default_begin) {
  Reading reading(ReadMode::create);
  AskedScope asked = asked_span(call, default_begin, reading);
  if (reading.failed()) co_return std::unexpected(refuse_body(reading));
  const Outcome<void> whose = co_await ask_whose(call, desk, asked.scope);
  if (!whose) co_return std::unexpected(whose.error());
  co_return asked;
}

Task<Outcome<ports::UsageRowFilter>> asked_rows(const Call& call, RecordDesk& desk) {
  Reading reading(ReadMode::create);
  ports::UsageRowFilter filter{.scope = asked_span(call, WallTime{0}, reading).scope,
                               .route = call.asked("route").value_or(std::string()),
                               .status = asked_status(call, reading),
                               .admission = asked_admission(call, reading),
                               .event_id = asked_event(call, reading),
                               .client_request_id = call.asked("client_request_id").value_or(std::string())};
  if (reading.failed()) co_return std::unexpected(refuse_body(reading));
  const Outcome<void> whose = co_await ask_whose(call, desk, filter.scope);
  if (!whose) co_return std::unexpected(whose.error());
  co_return filter;
}

}  // namespace obleth::admin
