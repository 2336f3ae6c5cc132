#include "gateway/peer_text.hpp"

#include <algorithm>
#include <charconv>
#include <concepts>
#include <optional>

namespace obleth::gateway {
namespace {

constexpr std::uint32_t slots_max = 1U << 24;
constexpr std::uint32_t waits_too_long = 2;
constexpr std::string_view span_mark = "in ";
constexpr std::int64_t span_ms_max = 86'400'000;  // a day

// The fields of one line, in turn.
class Fields {
 public:
  explicit Fields(std::string_view line) : rest_(line) {}
  template <class Id>
  bool read(Id& id) {
    const auto bits = bits128_from_text(next());
    if (bits) id.bits = *bits;
    return bits.has_value();
  }
  template <std::integral Number>
  bool read(Number& number) {
    const std::string_view field = next();
    const auto [end, problem] = std::from_chars(field.data(), field.data() + field.size(), number);
    return problem == std::errc{} && end == field.data() + field.size();
  }

 private:
  std::string_view next() {
    const std::size_t end = std::min(rest_.find(' '), rest_.size());
    const std::string_view field = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return field;
  }
  std::string_view rest_;
};

std::optional<fairshare::TenantDemand> demand_of(Fields line) {
  fairshare::TenantDemand demand;
  std::uint32_t waits = 0;
  const bool read = line.read(demand.tenant) && line.read(demand.group) && line.read(demand.weight) &&
                    line.read(demand.group_weight) && line.read(demand.slots) && line.read(waits);
  demand.waits = waits != 0;
  demand.overdue = waits == waits_too_long;
  const bool sensible = demand.weight > 0 && demand.weight <= weight_max && demand.group_weight > 0 &&
                        demand.group_weight <= weight_max && demand.slots <= slots_max;
  return read && sensible ? std::optional(demand) : std::nullopt;
}

std::optional<fairshare::TenantCost> cost_of(Fields line) {
  fairshare::TenantCost work;
  const bool read = line.read(work.tenant) && line.read(work.cost);
  static_cast<void>(line.read(work.group));  // an older replica does not tell it
  return read ? std::optional(work) : std::nullopt;
}

void each_line(std::string_view text, auto&& act) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    act(Fields(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace

std::string demands_text(std::vector<fairshare::TenantDemand> demands) {
  if (demands.size() > told_demands_max) {
    std::ranges::nth_element(demands, demands.begin() + told_demands_max, std::ranges::greater{},
                             &fairshare::TenantDemand::weight);
    demands.resize(told_demands_max);
  }
  std::string text;
  for (const fairshare::TenantDemand& one : demands) {
    text += one.tenant.hex() + ' ' + one.group.hex() + ' ' + std::to_string(one.weight) + ' ' +
            std::to_string(one.group_weight) + ' ' + std::to_string(one.slots) + ' ' +
            std::to_string(one.overdue ? waits_too_long : std::uint32_t{one.waits}) + '\n';
  }
  return text;
}

std::string work_text(const ToldWork& work) {
  std::string text{span_mark};
  text += std::to_string(work.span.count()) + '\n';
  for (const fairshare::TenantCost& one : work.costs)
    text += one.tenant.hex() + ' ' + std::to_string(one.cost) + ' ' + one.group.hex() + '\n';
  return text;
}

std::vector<fairshare::TenantDemand> read_demands(std::string_view text) {
  std::vector<fairshare::TenantDemand> demands;
  each_line(text, [&](Fields line) {
    if (const auto demand = demand_of(line)) demands.push_back(*demand);
  });
  return demands;
}

ToldWork read_work(std::string_view text) {
  ToldWork work;
  if (text.starts_with(span_mark)) {
    std::int64_t span_ms = 0;
    if (Fields(text.substr(span_mark.size(), text.find('\n') - span_mark.size())).read(span_ms)) {
      work.span = std::chrono::milliseconds(std::clamp<std::int64_t>(span_ms, 0, span_ms_max));
    }
  }
  each_line(text, [&](Fields line) {
    if (const auto cost = cost_of(line)) work.costs.push_back(*cost);
  });
  return work;
}

}  // namespace obleth::gateway
