// The owner of the fairshare engine: turns events into steps, and grants into resumed requests.
//
// One engine, one mutex; a step runs inline on the thread where its event happens, and nothing is awaited or posted
// while the mutex is held. A grant for a waiter is posted to the waiter's own loop after the mutex is released. Any
// thread.
#pragma once

#include <coroutine>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/cancel_signal.hpp"
#include "core/fairshare/admission.hpp"
#include "core/fairshare/dispatch_ring.hpp"
#include "ports/loop.hpp"

namespace obleth::gateway {

// What became of one request's wait. Exactly one of the first two is set, or neither: the client left.
struct TurnOutcome {
  std::optional<fairshare::Granted> granted;
  std::optional<fairshare::Refused> refused;
  bool queued = false;
};

class AdmissionDesk {
 public:
  class Turn;

  explicit AdmissionDesk(const fairshare::AdmissionLimits& limits);
  ~AdmissionDesk();
  AdmissionDesk(const AdmissionDesk&) = delete;
  AdmissionDesk& operator=(const AdmissionDesk&) = delete;

  // Every loop that awaits turns, on its own thread, before its first request; and when it stops.
  void attach(ports::Loop& loop);
  void detach(ports::Loop& loop);

  // co_await gives a TurnOutcome. The waiter field of arrive is the desk's own. mark: by what it is explained later.
  [[nodiscard]] Turn await_turn(const fairshare::Arrive& arrive, const fairshare::RequestMark& mark, ports::Loop& loop,
                                CancelSignal& departure);

  // Generated so far by a granted request.
  void progress(fairshare::Ticket ticket, std::int64_t output_tokens, Instant now);
  // Frees the slot; what was charged.
  fairshare::Settled finish(const fairshare::Finish& finish, Instant now);
  // Weights, caps, capacity: acts on the next decision, queued requests included.
  void configure(const fairshare::Event& change, Instant now);

  // What other processes that share the pool are told. Work is told once.
  [[nodiscard]] fairshare::PoolView tell_pool();

  // Taken in parts, so that nobody waits for it; with very many tenants they are not all of one moment.
  [[nodiscard]] fairshare::Snapshot snapshot(Instant now) const;
  // Those whose settings the engine holds; taken in parts, too.
  [[nodiscard]] std::vector<fairshare::KnownKey> known_keys() const;
  // The last dispatches, copied a few at a time so that nobody waits for it.
  [[nodiscard]] fairshare::RecentDispatches recent_dispatches() const;
  [[nodiscard]] std::uint32_t capacity() const;
  [[nodiscard]] std::uint32_t in_flight() const;
  [[nodiscard]] std::uint32_t queued() const;

 private:
  class Alarm;
  struct Wake {
    ports::Loop* loop;
    std::coroutine_handle<> waiting;
  };

  // Runs one step under the mutex and hands the grants and refusals of other waiters on after it.
  std::optional<fairshare::Settled> step(const fairshare::Event& event, Instant now, Turn* own);
  void decide(const fairshare::Actions& actions, Turn* own, std::vector<Wake>& wakes);
  void remember(const Turn& turn, const fairshare::Granted& granted);
  [[nodiscard]] Alarm* alarm_of(const ports::Loop* loop) const;

  mutable std::mutex mutex_;
  fairshare::Admission engine_;                 // guarded by mutex_
  fairshare::Actions actions_;                  // guarded by mutex_; keeps its memory
  fairshare::DispatchRing dispatches_;          // guarded by mutex_
  Instant last_step_;                           // guarded by mutex_
  std::vector<std::unique_ptr<Alarm>> alarms_;  // guarded by mutex_; one per attached loop
};

// One request's wait. Lives in the frame of the coroutine that awaits it. Its connection's thread.
class AdmissionDesk::Turn final : private CancelSignal::Listener {
 public:
  Turn(AdmissionDesk& desk, const fairshare::Arrive& arrive, const fairshare::RequestMark& mark, ports::Loop& loop,
       CancelSignal& departure)
      : desk_(desk), arrive_(arrive), mark_(mark), loop_(loop), departure_(departure) {}
  // Destroyed while it waits (shutdown): it leaves the queue, or gives its grant back.
  ~Turn();

  [[nodiscard]] bool await_ready() const noexcept { return departure_.fired(); }
  bool await_suspend(std::coroutine_handle<> waiting);
  [[nodiscard]] TurnOutcome await_resume() {
    waiting_ = nullptr;
    return std::move(outcome_);
  }

 private:
  friend class AdmissionDesk;
  void cancelled() override;

  AdmissionDesk& desk_;
  fairshare::Arrive arrive_;
  fairshare::RequestMark mark_;
  ports::Loop& loop_;
  CancelSignal& departure_;
  std::coroutine_handle<> waiting_;
  fairshare::Ticket ticket_;  // guarded by the desk's mutex, like all below
  bool decided_ = false;
  std::uint64_t dispatched_before_ = 0;
  fairshare::Queued queued_{.cause = fairshare::WaitCause::none};
  TurnOutcome outcome_;
};

}  // namespace obleth::gateway
