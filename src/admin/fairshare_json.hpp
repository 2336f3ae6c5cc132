// A snapshot of the scheduler as JSON, with names, and its schema. Pure; any thread.
#pragma once

#include "admin/fairshare_names.hpp"
#include "admin/json.hpp"
#include "core/fairshare/admission.hpp"

namespace obleth::admin {

[[nodiscard]] Json snapshot_schema();
[[nodiscard]] Json snapshot_json(WallTime at, const fairshare::Snapshot& snapshot, const FairshareNames& names);

// Parts of a million as a number from 0 to 1.
[[nodiscard]] Json ratio(std::int64_t ppm);

}  // namespace obleth::admin
