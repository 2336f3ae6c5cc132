#include "admin/usage.hpp"

#include <array>
#include <utility>

#include "admin/codec.hpp"
#include "admin/paging.hpp"
#include "admin/usage_row_columns.hpp"
#include "admin/usage_shapes.hpp"

namespace obleth::admin {
namespace {

constexpr std::int64_t lines_default = 10;
constexpr std::int64_t lines_max = 50;  // each has up to 1,500 points
constexpr std::int64_t shares_default = 100;
constexpr std::int64_t shares_max = static_cast<std::int64_t>(ports::usage_groups_max);
constexpr std::size_t shares_of_a_tenant = 100;
constexpr std::int64_t minutes_default = 60;  // of a series by minute
constexpr std::int64_t hours_default = 24;    // by hour
constexpr const char* thirty_days = "else from the beginning of the day 30 days ago (UTC)";

const Choices<ports::UsageBucket>& buckets() {
  static const Choices<ports::UsageBucket> choices{
      {"minute", ports::UsageBucket::minute}, {"hour", ports::UsageBucket::hour}, {"day", ports::UsageBucket::day}};
  return choices;
}

const Choices<ports::UsageDimension>& dimensions() {
  static const Choices<ports::UsageDimension> choices{{"tenant", ports::UsageDimension::tenant},
                                                      {"key", ports::UsageDimension::key},
                                                      {"model", ports::UsageDimension::model},
                                                      {"group", ports::UsageDimension::group}};
  return choices;
}

template <class Enum>
Outcome<std::optional<Enum>> asked_choice(const Call& call, const char* name, const Choices<Enum>& choices) {
  const auto text = call.asked(name);
  if (!text) return std::optional<Enum>();
  Reading reading(ReadMode::create);
  const auto inside = reading.member(name);
  const auto value = choice(choices).take(Json(*text), reading);
  if (!value) return std::unexpected(refuse_body(reading));
  return value;
}

std::vector<Parameter> series_parameters() {
  std::vector<Parameter> parameters{
      {"bucket", choice_schema({"minute", "hour", "day"}),
       "How long one point is (UTC); hour where it is not given. At most 1500 points to a line."},
      {"group_by", choice_schema({"tenant", "key", "model", "group"}), "One line for each; one line where not given."},
      groups_parameter(lines_default, lines_max)};
  for (Parameter& parameter :
       scope_parameters("else an hour ago by minute, a day ago by hour, 30 days ago by day, at a bucket's begin"))
    parameters.push_back(std::move(parameter));
  return parameters;
}

WallTime series_begin(WallTime now, ports::UsageBucket bucket) {
  if (bucket == ports::UsageBucket::day) return days_before(now, usage_days_default);
  const std::int64_t length = length_ms(bucket);
  const std::int64_t back = bucket == ports::UsageBucket::hour ? hours_default : minutes_default;
  return {std::max<std::int64_t>(0, now.unix_ms / length - back) * length};
}

void append_span(Json::Object& body, const AskedScope& asked) {
  body.emplace_back("since", asked.scope.span.begin.unix_ms);
  body.emplace_back("until", asked.until ? Json(asked.until->unix_ms) : Json());
}

Json points_json(const std::vector<ports::UsagePoint>& points) {
  Json list = Json::list();
  for (const ports::UsagePoint& point : points) {
    Json::Object members{{"ts", point.begin.unix_ms}};
    append_sums(members, point.sums);
    list.append(std::move(members));
  }
  return list;
}

std::vector<Parameter> with_groups(std::vector<Parameter> parameters) {
  parameters.push_back(groups_parameter(shares_default, shares_max));
  return parameters;
}

std::vector<Parameter> only_span() {
  std::vector<Parameter> parameters = scope_parameters(thirty_days);
  parameters.resize(2);
  return parameters;
}

}  // namespace

template <Task<Reply> (Usage::*member)(const Call&)>
Task<Reply> Usage::with_ledger(const Call& call) {
  if (desk_.given().usage == nullptr) co_return refuse(503, "unavailable", "The usage ledger does not run here.");
  co_return co_await (this->*member)(call);
}

void Usage::register_in(RouteTable& table) {
  table.section("usage");
  register_sums_in(table);
  table.describe("UsageRow", usage_row_schema());
  table.describe("UsageRowList", list_of_schema("UsageRow"));
  std::vector<Parameter> filters = page_parameters(false);
  for (Parameter& parameter : row_parameters())
    filters.push_back(std::move(parameter));
  table.add(get("/usage/requests", "List requests that have ended, newest first")
                .lists("UsageRow")
                .asks(std::move(filters))
                .answered_by(this, &Usage::with_ledger<&Usage::requests>));
  table.add(get("/usage/requests/{id}", "Show one request, by its event id")
                .gives("UsageRow")
                .answered_by(this, &Usage::with_ledger<&Usage::request>));
}

void Usage::register_sums_in(RouteTable& table) {
  table.describe("UsageSummary", usage_sums_schema());
  table.describe("UsageSeries", usage_series_schema());
  table.describe("Costs", usage_costs_schema());
  table.describe("TenantUsage", tenant_usage_schema());
  table.add(get("/usage/summary", "Requests, tokens, cost and times of a span")
                .gives("UsageSummary")
                .asks(scope_parameters(thirty_days))
                .answered_by(this, &Usage::with_ledger<&Usage::summary>));
  table.add(get("/usage/series", "The same over time, as one line or by tenant, key, model or group")
                .gives("UsageSeries")
                .asks(series_parameters())
                .answered_by(this, &Usage::with_ledger<&Usage::series>));
  table.add(get("/costs", "What a span cost, in all and by tenant, key, model and group")
                .gives("Costs")
                .asks(with_groups(scope_parameters(thirty_days)))
                .answered_by(this, &Usage::with_ledger<&Usage::costs>));
  table.add(get("/tenants/{id}/usage", "What one tenant used in a span, by key and model")
                .gives("TenantUsage")
                .asks(only_span())
                .answered_by(this, &Usage::with_ledger<&Usage::of_tenant>));
}

Task<Reply> Usage::summary(const Call& call) {
  const WallTime default_begin = days_before(desk_.now(), usage_days_default);
  const Outcome<AskedScope> asked = co_await asked_scope(call, desk_, default_begin);
  if (!asked) co_return asked.error();
  const auto sums = co_await desk_.given().usage->summary(asked->scope);
  if (!sums) co_return refuse_fault(sums.error());
  Json::Object body;
  append_span(body, *asked);
  append_sums(body, *sums);
  co_return answer(200, body);
}

Task<Reply> Usage::series(const Call& call) {
  const auto bucket = asked_choice(call, "bucket", buckets());
  if (!bucket) co_return bucket.error();
  const auto by = asked_choice(call, "group_by", dimensions());
  if (!by) co_return by.error();
  const Outcome<std::size_t> lines_wanted = asked_groups(call, lines_default, lines_max);
  if (!lines_wanted) co_return lines_wanted.error();
  const ports::UsageBucket length = bucket->value_or(ports::UsageBucket::hour);
  const WallTime default_begin = series_begin(desk_.now(), length);
  Outcome<AskedScope> asked = co_await asked_scope(call, desk_, default_begin);
  if (!asked) co_return asked.error();
  // An open end is that of the bucket in which we are, so that its points can be counted.
  if (!asked->until)
    asked->scope.span.end = {std::max(desk_.now(), asked->scope.span.begin).unix_ms + length_ms(length)};
  const auto lines = co_await desk_.given().usage->series(asked->scope, length, *by, *lines_wanted);
  if (!lines) co_return refuse_fault(lines.error());
  UsageNames names(desk_);
  Json rows = Json::list();
  for (const ports::UsageLine& line : *lines) {
    Json::Object members;
    if (*by) members = co_await names.group_members(line.group, **by);
    members.emplace_back("points", points_json(line.points));
    rows.append(std::move(members));
  }
  Json::Object body;
  append_span(body, *asked);
  body.emplace_back("bucket", choice(buckets()).show(length));
  body.emplace_back("group_by", nullable(choice(dimensions())).show(*by));
  body.emplace_back("data", std::move(rows));
  co_return answer(200, body);
}

Task<Reply> Usage::requests(const Call& call) {
  Outcome<ports::PageRequest> page = requested_page(call);
  if (!page) co_return page.error();
  Outcome<ports::UsageRowFilter> filter = co_await asked_rows(call, desk_);
  if (!filter) co_return filter.error();
  ports::UsageRowsRequest wanted{.filter = std::move(*filter), .limit = page->limit, .cursor = std::move(page->cursor)};
  auto found = co_await desk_.given().usage->rows(std::move(wanted));
  if (!found) co_return refuse_page(found.error());
  UsageNames names(desk_);
  Json rows = Json::list();
  for (UsageRecord& record : found->rows) {
    const UsageRowDoc doc = co_await names.doc(std::move(record));
    rows.append(usage_row_json(doc));
  }
  co_return answer(200, list_json(std::move(rows), found->next_cursor));
}

Task<Reply> Usage::request(const Call& call) {
  const std::string text = call.at("id");
  const auto id = EventId::from_text(text);
  if (!id) co_return not_found("request", text);
  auto found = co_await desk_.given().usage->row(*id);
  if (!found) co_return refuse_fault(found.error());
  if (!*found) co_return not_found("request", text);
  UsageNames names(desk_);
  const UsageRowDoc doc = co_await names.doc(std::move(**found));
  co_return answer(200, usage_row_json(doc));
}

Task<Outcome<void>> Usage::append_division(Json::Object& body, const char* name, const ports::UsageScope& scope,
                                           ports::UsageDimension by, std::size_t groups_max) {
  const auto shares = co_await desk_.given().usage->division(scope, by, groups_max);
  if (!shares) co_return std::unexpected(refuse_fault(shares.error()));
  UsageNames names(desk_);
  Json rows = Json::list();
  for (const ports::UsageShare& share : *shares) {
    Json::Object members = co_await names.group_members(share.group, by);
    append_sums(members, share.sums);
    rows.append(std::move(members));
  }
  body.emplace_back(name, std::move(rows));
  co_return Outcome<void>();
}

Task<Reply> Usage::costs(const Call& call) {
  const Outcome<std::size_t> shares_wanted = asked_groups(call, shares_default, shares_max);
  if (!shares_wanted) co_return shares_wanted.error();
  const WallTime default_begin = days_before(desk_.now(), usage_days_default);
  const Outcome<AskedScope> asked = co_await asked_scope(call, desk_, default_begin);
  if (!asked) co_return asked.error();
  const auto sums = co_await desk_.given().usage->summary(asked->scope);
  if (!sums) co_return refuse_fault(sums.error());
  Json::Object body;
  append_span(body, *asked);
  Json::Object total;
  append_sums(total, *sums);
  body.emplace_back("total", std::move(total));
  constexpr std::array lists{
      std::pair("tenants", ports::UsageDimension::tenant), std::pair("keys", ports::UsageDimension::key),
      std::pair("models", ports::UsageDimension::model), std::pair("groups", ports::UsageDimension::group)};
  for (const auto& [name, by] : lists) {
    const Outcome<void> appended = co_await append_division(body, name, asked->scope, by, *shares_wanted);
    if (!appended) co_return appended.error();
  }
  co_return answer(200, body);
}

Task<Reply> Usage::of_tenant(const Call& call) {
  const std::string wanted = call.at("id");
  const Outcome<std::optional<TenantId>> tenant = co_await usage_tenant(desk_, wanted);
  if (!tenant) co_return tenant.error();
  if (!*tenant) co_return not_found("tenant", wanted);
  const WallTime default_begin = days_before(desk_.now(), usage_days_default);
  Outcome<AskedScope> asked = co_await asked_scope(call, desk_, default_begin);
  if (!asked) co_return asked.error();
  asked->scope.tenant = **tenant;
  const auto sums = co_await desk_.given().usage->summary(asked->scope);
  if (!sums) co_return refuse_fault(sums.error());
  const auto heard = co_await desk_.given().usage->name_of_tenant(**tenant);
  UsageNames names(desk_);
  const ports::UsageGroup itself{
      .tenant = **tenant, .tenant_name = heard.value_or(std::string()), .key = {}, .name = {}};
  Json::Object body = co_await names.group_members(itself, ports::UsageDimension::tenant);
  append_span(body, *asked);
  append_sums(body, *sums);
  constexpr std::array lists{std::pair("keys", ports::UsageDimension::key),
                             std::pair("models", ports::UsageDimension::model)};
  for (const auto& [name, by] : lists) {
    const Outcome<void> appended = co_await append_division(body, name, asked->scope, by, shares_of_a_tenant);
    if (!appended) co_return appended.error();
  }
  co_return answer(200, body);
}

}  // namespace obleth::admin
