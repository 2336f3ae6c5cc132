// Every request that waits or runs, by index, with the lists it stands in.
//
// Slots are reused; the generation in a Ticket tells a request from the one that had its slot before. Thread: that of
// the engine.
#pragma once

#include <cstdint>
#include <optional>

#include "base/instant.hpp"
#include "core/fairshare/chain.hpp"
#include "core/fairshare/events.hpp"
#include "core/fairshare/share_node.hpp"
#include "core/fairshare/slot_array.hpp"

namespace obleth::fairshare {

struct Request {
  enum class State : std::uint8_t { gone, waiting, running };

  std::uint64_t waiter = 0;
  std::uint64_t arrival_number = 0;
  NodeIndex key = NodeIndex::none;
  NodeIndex tenant = NodeIndex::none;
  LaneIndex lane = LaneIndex::none;
  ModelIndex model = ModelIndex::none;
  EstimatePlace learned;
  Instant arrived;
  Instant deadline;  // its own; the admission timeout holds beside it
  Instant granted;
  std::int64_t prompt_tokens = 0;
  std::int64_t answers = 1;
  std::int64_t output_cap = 0;     // of each; requested, after a brownout the lower one
  std::int64_t output_tokens = 0;  // produced so far, of all
  std::int64_t queued_cost = 0;    // estimate at arrival, or when its model was first known
  std::int64_t reserved_cost = 0;  // what is left of the reservation
  std::int64_t charged_cost = 0;
  Duration gpu_reading{0};        // of its model's clock when it was granted
  Links<RequestIndex> in_pool;    // all that wait, or all that run
  Links<RequestIndex> in_tenant;  // all of its tenant that wait
  Links<RequestIndex> in_lane;
  std::uint32_t generation = 0;
  State state = State::gone;
  bool aged = false;    // counted among those whom the age guard may call
  bool waited = false;  // it could not go on arrival
  bool brownout_exempt = false;
  Levels unopposed;        // where no sibling waited when it was granted
  bool answering = false;  // the upstream has begun to answer: the prompt was worked on
};

class RequestTable {
 public:
  [[nodiscard]] RequestIndex take() {
    const RequestIndex index = requests_.take();
    const std::uint32_t generation = requests_[index].generation + 1;
    requests_[index] = Request{};
    requests_[index].generation = generation;
    return index;
  }
  void give_back(RequestIndex index) {
    requests_[index].state = Request::State::gone;
    requests_.give_back(index);
  }

  [[nodiscard]] Request& operator[](RequestIndex index) { return requests_[index]; }
  [[nodiscard]] const Request& operator[](RequestIndex index) const { return requests_[index]; }

  [[nodiscard]] Ticket ticket(RequestIndex index) const {
    return {.slot = static_cast<std::uint32_t>(index), .generation = requests_[index].generation};
  }
  // Absent when the ticket's request is over.
  [[nodiscard]] std::optional<RequestIndex> find(Ticket ticket) const {
    if (ticket.slot >= requests_.extent()) return std::nullopt;
    const auto index = static_cast<RequestIndex>(ticket.slot);
    const Request& request = requests_[index];
    if (request.generation != ticket.generation || request.state == Request::State::gone) return std::nullopt;
    return index;
  }

 private:
  SlotArray<Request, RequestIndex> requests_;
};

}  // namespace obleth::fairshare
