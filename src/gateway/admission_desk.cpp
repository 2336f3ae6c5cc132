#include "gateway/admission_desk.hpp"

#include <algorithm>
#include <utility>

#include "base/ensure.hpp"

namespace obleth::gateway {

// Wakes the engine when a waiter's time is up. One per loop: each thread arms its own after the steps that it makes.
class AdmissionDesk::Alarm final : public ports::Timer {
 public:
  Alarm(AdmissionDesk& desk, ports::Loop& loop) : desk_(desk), loop_(loop) {}
  ~Alarm() = default;
  void expired() override {
    armed_for_ = Instant::distant_future();
    desk_.step(fairshare::Tick{}, loop_.refresh_now(), nullptr);
  }
  void arm_no_later_than(Instant due) {
    if (due >= armed_for_) return;
    armed_for_ = due;
    loop_.arm(*this, due);
  }
  [[nodiscard]] ports::Loop& loop() const { return loop_; }

 private:
  AdmissionDesk& desk_;
  ports::Loop& loop_;
  Instant armed_for_ = Instant::distant_future();
};

AdmissionDesk::AdmissionDesk(const fairshare::AdmissionLimits& limits) : engine_(limits) {}
AdmissionDesk::~AdmissionDesk() = default;

void AdmissionDesk::attach(ports::Loop& loop) {
  const std::lock_guard lock(mutex_);
  alarms_.push_back(std::make_unique<Alarm>(*this, loop));
}

void AdmissionDesk::detach(ports::Loop& loop) {
  const std::lock_guard lock(mutex_);
  std::erase_if(alarms_, [&](const auto& alarm) {
    if (&alarm->loop() != &loop) return false;
    loop.disarm(*alarm);
    return true;
  });
}

AdmissionDesk::Turn AdmissionDesk::await_turn(const fairshare::Arrive& arrive, const fairshare::RequestMark& mark,
                                              ports::Loop& loop, CancelSignal& departure) {
  return {*this, arrive, mark, loop, departure};
}

void AdmissionDesk::progress(fairshare::Ticket ticket, std::int64_t output_tokens, Instant now) {
  step(fairshare::Progress{.ticket = ticket, .output_tokens = output_tokens}, now, nullptr);
}

fairshare::Settled AdmissionDesk::finish(const fairshare::Finish& finish, Instant now) {
  return step(finish, now, nullptr).value_or(fairshare::Settled{.ticket = finish.ticket});
}

void AdmissionDesk::configure(const fairshare::Event& change, Instant now) {
  step(change, now, nullptr);
}

std::optional<fairshare::Settled> AdmissionDesk::step(const fairshare::Event& event, Instant now, Turn* own) {
  thread_local std::vector<Wake> wakes;
  std::optional<fairshare::Settled> settled;
  Instant next_wakeup;
  Alarm* alarm = nullptr;
  {
    const std::lock_guard lock(mutex_);
    const bool leaves = std::holds_alternative<fairshare::Withdraw>(event);
    // The decision fell first: its resumption is already on the way.
    if (leaves && own->decided_) return std::nullopt;
    last_step_ = std::max(last_step_, now);  // loops cache their time, so threads may differ by a turn
    actions_.clear();
    engine_.step(event, last_step_, actions_);
    decide(actions_, own, wakes);
    if (leaves) {
      // Its time may have been up in this very step: that it leaves is what counts.
      own->decided_ = true;
      own->outcome_ = TurnOutcome{.queued = true};
    }
    if (!actions_.settled.empty()) {
      settled = actions_.settled.front();
      dispatches_.settle(settled->ticket, settled->cost);
    }
    next_wakeup = engine_.next_wakeup();
    alarm = alarm_of(ports::Loop::current());
  }
  for (const Wake& wake : wakes)
    wake.loop->post(wake.waiting);
  wakes.clear();
  // The thread that made a step looks after what the step left waiting, so that some thread always does.
  if (alarm != nullptr) alarm->arm_no_later_than(next_wakeup);
  return settled;
}

void AdmissionDesk::decide(const fairshare::Actions& actions, Turn* own, std::vector<Wake>& wakes) {
  const auto turn_of = [](std::uint64_t waiter) { return reinterpret_cast<Turn*>(waiter); };
  for (const fairshare::Queued& queued : actions.queued) {
    Turn& turn = *turn_of(queued.waiter);
    turn.ticket_ = queued.ticket;
    turn.queued_ = queued;
    turn.dispatched_before_ = dispatches_.next();
    turn.outcome_.queued = true;
  }
  const auto wake = [&](Turn& turn) {
    ensure(!turn.decided_, "a waiter is decided once");
    turn.decided_ = true;
    if (&turn != own) wakes.push_back({&turn.loop_, turn.waiting_});
  };
  for (const fairshare::Granted& granted : actions.granted) {
    Turn& turn = *turn_of(granted.waiter);
    turn.outcome_.granted = granted;
    remember(turn, granted);
    wake(turn);
  }
  for (const fairshare::Refused& refused : actions.refused) {
    Turn& turn = *turn_of(refused.waiter);
    turn.outcome_.refused = refused;
    wake(turn);
  }
}

void AdmissionDesk::remember(const Turn& turn, const fairshare::Granted& granted) {
  fairshare::RequestMark mark = turn.mark_;
  if (granted.output_cap) mark.cut_by = fairshare::CutBy::saturation;
  dispatches_.keep({.mark = mark,
                    .tenant = turn.arrive_.tenant,
                    .group = turn.arrive_.group,
                    .model = turn.arrive_.model,
                    .dispatched_before = turn.dispatched_before_,
                    .arrived = last_step_ - granted.wait,
                    .dispatched = last_step_,
                    .cost = granted.reserved_cost,
                    .output_cap = granted.output_cap.value_or(turn.arrive_.requested_cap),
                    .key = granted.key,
                    .virtual_time = granted.virtual_time,
                    .weight = granted.tenant_weight,
                    .position = turn.queued_.position,
                    .cause = turn.queued_.cause,
                    .by_age_guard = granted.by_age_guard},
                   granted.ticket);
}

fairshare::RecentDispatches AdmissionDesk::recent_dispatches() const {
  constexpr std::size_t at_a_time = 256;
  fairshare::RecentDispatches recent;
  recent.dispatches.reserve(fairshare::DispatchRing::dispatches_max);
  std::uint64_t number = 0;
  std::uint64_t end = 0;
  do {
    const std::lock_guard lock(mutex_);
    if (end == 0) end = dispatches_.next();  // what is dispatched meanwhile is not looked at
    if (number < dispatches_.oldest()) {     // at the beginning, or overtaken: what was copied has no end
      recent.dispatches.clear();
      recent.first = number = dispatches_.oldest();
    }
    const std::uint64_t stop = std::min<std::uint64_t>(end, number + at_a_time);
    for (; number < stop; ++number)
      recent.dispatches.push_back(dispatches_.at(number));
  } while (number < end);
  return recent;
}

AdmissionDesk::Alarm* AdmissionDesk::alarm_of(const ports::Loop* loop) const {
  const auto found = std::ranges::find(alarms_, loop, [](const auto& alarm) { return &alarm->loop(); });
  return found == alarms_.end() ? nullptr : found->get();
}

fairshare::Snapshot AdmissionDesk::snapshot(Instant now) const {
  fairshare::Snapshot shares;
  fairshare::SnapshotPlace place;
  while (!place.complete) {
    const std::lock_guard lock(mutex_);
    engine_.add_to_snapshot(shares, place, std::max(now, last_step_));
  }
  return shares;
}

std::vector<fairshare::KnownKey> AdmissionDesk::known_keys() const {
  std::vector<fairshare::KnownKey> keys;
  fairshare::SnapshotPlace place;
  while (!place.complete) {
    const std::lock_guard lock(mutex_);
    engine_.add_known_keys(keys, place);
  }
  return keys;
}

fairshare::PoolView AdmissionDesk::tell_pool() {
  const std::lock_guard lock(mutex_);
  return engine_.tell_pool();
}

std::uint32_t AdmissionDesk::capacity() const {
  const std::lock_guard lock(mutex_);
  return engine_.capacity();
}

std::uint32_t AdmissionDesk::in_flight() const {
  const std::lock_guard lock(mutex_);
  return engine_.in_flight();
}

std::uint32_t AdmissionDesk::queued() const {
  const std::lock_guard lock(mutex_);
  return engine_.queued();
}

bool AdmissionDesk::Turn::await_suspend(std::coroutine_handle<> waiting) {
  waiting_ = waiting;
  arrive_.waiter = reinterpret_cast<std::uint64_t>(this);
  // Once the step has released the mutex another thread may post our resumption, but only this thread runs it.
  desk_.step(arrive_, loop_.now(), this);
  if (!outcome_.queued) return false;
  departure_.attach(*this);
  return true;
}

AdmissionDesk::Turn::~Turn() {
  if (!waiting_) return;
  desk_.step(fairshare::Withdraw{ticket_}, loop_.now(), this);
  if (outcome_.granted) desk_.finish({.ticket = ticket_, .reached_upstream = false}, loop_.now());
}

void AdmissionDesk::Turn::cancelled() {
  desk_.step(fairshare::Withdraw{ticket_}, loop_.now(), this);
  if (!outcome_.granted && !outcome_.refused) waiting_.resume();
}

}  // namespace obleth::gateway
