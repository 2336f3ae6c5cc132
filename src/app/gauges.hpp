// What is measured at a scrape: slots, queues, shares, endpoints, stores. Administration loop's thread.
#pragma once

#include <string_view>

#include "adapters/http_server/http_listener.hpp"
#include "app/house.hpp"
#include "app/share_watch.hpp"
#include "app/tenant_names.hpp"

namespace obleth::app {

// Adds the sources to the house's metrics; shares and names outlive them.
void add_gauges(House& house, const ShareWatch& shares, const TenantNames& names);
// Of one listener, which outlives the last scrape. name: a word of the code.
void add_connection_gauges(observe::Metrics& metrics, const adapters::HttpListener& listener, std::string_view name);

}  // namespace obleth::app
