// Why a request waited, as one paragraph that an operator understands. Pure; any thread.
#pragma once

#include <string>

#include "admin/fairshare_names.hpp"
#include "core/fairshare/dispatch_ring.hpp"

namespace obleth::admin {

[[nodiscard]] std::string reason_in_words(const fairshare::Explanation& explanation, const FairshareNames& names);
// "slot", "model", "endpoint", "in_flight_limit"; "nothing" where it did not wait.
[[nodiscard]] const char* waited_for(fairshare::WaitCause cause);

}  // namespace obleth::admin
