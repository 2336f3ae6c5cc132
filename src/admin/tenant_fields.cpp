#include "admin/tenant_fields.hpp"

namespace obleth::admin {
namespace {

constexpr std::uint32_t brownout_wait_ms_max = 3'600'000;

using F = Declare<TenantDoc>;

void check_span(const TenantDoc& doc, Reading& reading) {
  const AccessSchedule& schedule = doc.tenant.schedule;
  if (schedule.active_from && schedule.active_until && *schedule.active_until <= *schedule.active_from)
    reading.fault_at("active_until", "must be later than active_from");
}

std::vector<Field<TenantDoc>> identity() {
  return {
      F::fixed("id", uuid<TenantId>(), [](auto& doc) -> auto& { return doc.tenant.id; }),
      F::writable("name", unique_name(name_length_max), [](auto& doc) -> auto& { return doc.tenant.name; }).required(),
      F::writable("description", description_text(), [](auto& doc) -> auto& { return doc.tenant.description; }),
      F::writable("group", unique_name(name_length_max), [](auto& doc) -> auto& { return doc.group; })
          .about("The group's name."),
      F::writable("weight", weight(), [](auto& doc) -> auto& {
        return doc.tenant.weight;
      }).about("Share of the group's slots, relative to the other tenants in it.")};
}

std::vector<Field<TenantDoc>> limits() {
  const Choices<TenantStatus> statuses{
      {"active", TenantStatus::active}, {"suspended", TenantStatus::suspended}, {"archived", TenantStatus::archived}};
  return {F::writable("budget", budget_or_none(), [](auto& doc) -> auto& { return doc.budget; }),
          F::writable("allowed_models", allow_list(), [](auto& doc) -> auto& { return doc.tenant.allowed_models; })
              .about("Names as clients send them; null: every model."),
          F::writable("status", choice(statuses), [](auto& doc) -> auto& { return doc.tenant.status; })};
}

std::vector<Field<TenantDoc>> schedule() {
  return {F::writable("active_from", nullable(timestamp()),
                      [](auto& doc) -> auto& { return doc.tenant.schedule.active_from; }),
          F::writable("active_until", nullable(timestamp()),
                      [](auto& doc) -> auto& { return doc.tenant.schedule.active_until; }),
          F::writable("timezone", timezone_name(), [](auto& doc) -> auto& { return doc.tenant.schedule.timezone; }),
          F::writable("weekly_windows", weekly_windows(), [](auto& doc) -> auto& {
            return doc.tenant.schedule.weekly_windows;
          }).about("None: always.")};
}

std::vector<Field<TenantDoc>> brownout() {
  const Choices<BrownoutPolicy> policies{
      {"allow", BrownoutPolicy::allow}, {"never", BrownoutPolicy::never}, {"first", BrownoutPolicy::first}};
  return {
      F::writable("brownout", choice(policies), [](auto& doc) -> auto& { return doc.tenant.brownout; }),
      F::writable("brownout_wait_ms", nullable(whole<std::uint32_t>(1, brownout_wait_ms_max)), [](auto& doc) -> auto& {
        return doc.tenant.brownout_wait_ms;
      }).about("Waiting time beyond which answers are cut short; null: the gateway's own.")};
}

Fields<TenantDoc> declare() {
  const auto quota = [](auto& doc) -> auto& { return doc.tenant.quota; };
  const auto record = [](auto& doc) -> auto& { return doc.tenant; };
  return Fields<TenantDoc>(joined<TenantDoc>({identity(), quota_fields<TenantDoc>(quota), limits(), schedule(),
                                              brownout(), moment_fields<TenantDoc>(record)}),
                           check_span);
}

}  // namespace

TenantDoc tenant_doc(Tenant tenant, std::string group) {
  TenantDoc doc{.tenant = std::move(tenant), .group = std::move(group), .budget = {}};
  doc.budget = budget_doc(doc.tenant.budget);
  return doc;
}

Tenant tenant_record(const TenantDoc& doc, GroupId group) {
  Tenant tenant = doc.tenant;
  tenant.group = group;
  tenant.budget = budget_of(doc.budget);
  return tenant;
}

const Fields<TenantDoc>& tenant_fields() {
  static const Fields<TenantDoc> fields = declare();
  return fields;
}

}  // namespace obleth::admin
