// The last dispatches, from which is told afterwards why a request waited.
//
// A ring of fixed size, written at every grant and once more when the cost is known; nothing is allocated after the
// first rounds. Thread: that of its owner, who also holds its lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/instant.hpp"
#include "core/fairshare/events.hpp"
#include "domain/ids.hpp"
#include "domain/tokens.hpp"

namespace obleth::fairshare {

// Why an answer's cap was lowered, where it was.
enum class CutBy : std::uint8_t { nothing, saturation, quota, budget };

// What whoever sends a request knows of it beyond what decides about its turn.
struct RequestMark {
  EventId request;
  std::uint64_t client_mark = 0;   // client_mark_of the id that the client gave it; 0: it gave none
  std::int64_t requested_cap = 0;  // output tokens asked for, before any limit cut them
  CutBy cut_by = CutBy::nothing;   // a limit, before it came to the queue
};

struct Dispatch {
  RequestMark mark;
  TenantId tenant;
  GroupId group;
  ModelId model;
  std::uint64_t dispatched_before = 0;  // how many had been dispatched when it came
  Instant arrived;
  Instant dispatched;
  MilliCost cost;               // estimated until it is over, then the truth
  std::int64_t output_cap = 0;  // what it was sent with
  std::int64_t key = 0;
  std::int64_t virtual_time = 0;
  std::uint32_t weight = 0;
  std::uint32_t position = 0;  // requests of its tenant ahead of it when it came
  WaitCause cause = WaitCause::none;
  bool by_age_guard = false;
  bool is_over = false;
};

class DispatchRing {
 public:
  static constexpr std::size_t dispatches_max = 20'000;

  explicit DispatchRing(std::size_t size = dispatches_max) : size_(size) { ring_.reserve(size); }

  void keep(const Dispatch& dispatch, Ticket ticket);
  // The request is over, and this is what it cost.
  void settle(Ticket ticket, MilliCost cost);

  // Numbers of dispatches, since the start: the ring holds [oldest, next).
  [[nodiscard]] std::uint64_t oldest() const { return next_ - ring_.size(); }
  [[nodiscard]] std::uint64_t next() const { return next_; }
  [[nodiscard]] const Dispatch& at(std::uint64_t number) const { return ring_[number % size_]; }

 private:
  struct Running {
    std::uint32_t generation = 0;
    std::uint64_t number = 0;
  };

  std::size_t size_;
  std::vector<Dispatch> ring_;
  std::vector<Running> running_;  // by the ticket's slot
  std::uint64_t next_ = 0;
};

// A client's own id of a request, short. Never 0 for an id that is not empty.
[[nodiscard]] std::uint64_t client_mark_of(std::string_view client_request_id);

// Why one request waited.
struct Explanation {
  struct Served {
    TenantId tenant;
    std::uint32_t weight = 0;  // at its last dispatch
    std::uint64_t requests = 0;
    MilliCost cost;
  };
  static constexpr std::size_t top_max = 3;

  Dispatch dispatch;
  Served own;                   // of its own tenant
  Served all;                   // everybody who was dispatched while it waited; tenant is not set
  std::vector<Served> top;      // other tenants, by cost
  bool reaches_arrival = true;  // the ring still holds all that was dispatched while it waited
};

// Whom to explain: the gateway's id, or the mark of the client's own.
struct Sought {
  std::optional<EventId> request;
  std::uint64_t client_mark = 0;
};

struct RecentDispatches {
  std::uint64_t first = 0;           // the number of the first
  std::vector<Dispatch> dispatches;  // in order
};

// The newest that fits; absent: none does.
[[nodiscard]] std::optional<Explanation> explain(const RecentDispatches& recent, const Sought& sought);

}  // namespace obleth::fairshare
