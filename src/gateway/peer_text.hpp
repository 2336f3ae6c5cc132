// What replicas tell each other, as lines of text: tenants' demands, and tenants' work.
//
//   demand: tenant group weight group-weight slots waits     work: tenant milli-cost group
//
// waits: 0 no, 1 yes, 2 for so long that the age guard would call it.
// Ids are 32 hex digits, numbers decimal, fields apart by a blank; a line that has more fields than are known is read
// as far as it is known, so that a newer replica may tell more. Values; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/fairshare/admission.hpp"

namespace obleth::gateway {

// More tenants than this are not told of: those with the most weight are.
inline constexpr std::size_t told_demands_max = 4096;

[[nodiscard]] std::string demands_text(std::vector<fairshare::TenantDemand> demands);
[[nodiscard]] std::string work_text(std::span<const fairshare::TenantCost> work);
// Lines that make no sense are left out.
[[nodiscard]] std::vector<fairshare::TenantDemand> read_demands(std::string_view text);
[[nodiscard]] std::vector<fairshare::TenantCost> read_work(std::string_view text);

}  // namespace obleth::gateway
