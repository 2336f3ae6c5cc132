// How the gateway stops: seen by the balancer first, then drained, then broken off. Administration loop's thread.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "adapters/http_server/http_listener.hpp"
#include "app/data_thread.hpp"
#include "app/loop_thread.hpp"
#include "base/task.hpp"
#include "observe/health.hpp"
#include "ports/loop.hpp"

namespace obleth::app {

using DataThreads = std::vector<std::unique_ptr<LoopThread<DataThread>>>;

struct ShutdownTimes {
  Duration notice;  // requests are still served, so that the balancer notices /ready
  Duration grace;   // running answers may end by themselves
};

// Returns when no connection of the data plane is left, or the times are over.
Task<void> shut_down(ports::Loop& loop, observe::Readiness& readiness, adapters::HttpListener& listener,
                     DataThreads& threads, ShutdownTimes times);

}  // namespace obleth::app
