// Answers that need no upstream: health, readiness, preflights; and the end of an answer that was settled. Connection's
// thread.
#pragma once

#include "gateway/policy.hpp"
#include "gateway/request_states.hpp"
#include "observe/health.hpp"
#include "ports/http_service.hpp"

namespace obleth::gateway {

// OPTIONS: a browser's preflight, or a question about the route.
[[nodiscard]] bool is_preflight(const RequestHead& head);
Task<void> answer_preflight(ports::ClientExchange& exchange, const Policy& policy);

// /health: the process is alive. /ready: 200 when requests can be served, 503 and the reason otherwise.
Task<void> answer_health(ports::ClientExchange& exchange, bool readiness_asked, const observe::Readiness& readiness);

// What relay_reply left unsent.
Task<void> send_rest(Settled settled);

}  // namespace obleth::gateway
