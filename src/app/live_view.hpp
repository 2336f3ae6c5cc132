// What the Management API is given to see and to ask of the running gateway. Administration loop's thread.
#pragma once

#include <cstddef>

#include "admin/dependencies.hpp"
#include "app/house.hpp"
#include "app/share_watch.hpp"
#include "app/upkeep.hpp"

namespace obleth::app {

// upstream: the administration loop's own, for a model's test. connections_max: of the Management API's listener. All
// outlive the answer.
[[nodiscard]] admin::Dependencies admin_dependencies(House& house, const ShareWatch& shares, ports::Upstream& upstream,
                                                     Upkeep& upkeep, std::size_t connections_max);

}  // namespace obleth::app
