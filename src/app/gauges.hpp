// What is measured at a scrape: slots, queues, shares, endpoints, stores. Administration loop's thread.
#pragma once

#include "app/house.hpp"
#include "app/share_watch.hpp"
#include "app/tenant_names.hpp"

namespace obleth::app {

// Adds the sources to the house's metrics; shares and names outlive them.
void add_gauges(House& house, const ShareWatch& shares, const TenantNames& names);

}  // namespace obleth::app
