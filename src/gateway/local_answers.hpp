// Answers that need no upstream: health, readiness, preflights; and the end of an answer that was settled. Connection's
// thread.
#pragma once

#include "gateway/policy.hpp"
#include "gateway/request_states.hpp"
#include "observe/health.hpp"
#include "ports/http_service.hpp"

namespace obleth::gateway {

// OPTIONS, /health and /ready are answered to anybody, and belong to nobody.
[[nodiscard]] bool needs_no_key(Treatment treatment);
// /health: the process is alive. /ready: 200 when requests can be served, 503 and the reason otherwise. OPTIONS:
// what the route takes; a preflight of an allowed origin is told what it may send.
Task<void> answer_alone(const Received& received, const Policy& policy, const observe::Readiness& readiness);

// What relay_reply left unsent.
Task<void> send_rest(Settled&& settled);

}  // namespace obleth::gateway
