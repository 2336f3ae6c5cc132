// Stage 1, receive: the head is checked and matched to a route before anything is asked or read. Connection's thread.
#pragma once

#include <string>
#include <string_view>

#include "gateway/policy.hpp"
#include "gateway/refuse.hpp"
#include "gateway/request_states.hpp"

namespace obleth::gateway {

// Matched but not yet checked: what even a refusal needs to know.
struct Arrival {
  ports::ClientExchange* exchange = nullptr;
  ports::Loop* loop = nullptr;
  EventId event_id;
  UsageRecord* record = nullptr;
};

// Fills in the record's route, ids and user agent.
[[nodiscard]] Received note_arrival(const Arrival& arrival, Route route);
[[nodiscard]] Outcome<Received> receive_request(const Arrival& arrival, const Policy& policy);

// "openai-python", "curl", …: the product token, at most 32 harmless characters.
[[nodiscard]] std::string user_agent_family(std::string_view user_agent);

}  // namespace obleth::gateway
