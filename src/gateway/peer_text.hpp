// What replicas tell each other, as lines of text: tenants' demands, and tenants' work.
//
//   demand: tenant group weight group-weight slots waits     work: tenant milli-cost group
//
// waits: 0 no, 1 yes, 2 for so long that the age guard would call it. Before work a line may say in how many
// milliseconds it was done: "in 250".
// Ids are 32 hex digits, numbers decimal, fields apart by a blank; a line that has more fields than are known is read
// as far as it is known, so that a newer replica may tell more. Values; any thread.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "core/fairshare/admission.hpp"

namespace obleth::gateway {

// More tenants than this are not told of: those with the most weight are.
inline constexpr std::size_t told_demands_max = 4096;

struct ToldWork {
  std::vector<fairshare::TenantCost> costs;
  std::chrono::milliseconds span{0};  // in which it was done; 0: not told
};

[[nodiscard]] std::string demands_text(std::vector<fairshare::TenantDemand> demands);
[[nodiscard]] std::string work_text(const ToldWork& work);
// Lines that make no sense are left out.
[[nodiscard]] std::vector<fairshare::TenantDemand> read_demands(std::string_view text);
[[nodiscard]] ToldWork read_work(std::string_view text);

}  // namespace obleth::gateway
