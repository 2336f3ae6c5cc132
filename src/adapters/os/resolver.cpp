#include "adapters/os/resolver.hpp"

#include <netdb.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace obleth::adapters {
namespace {

Result<Resolver::Addresses> ask_system(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (error != 0) {
    return fail(upstream_fault(FaultKind::unreachable, "cannot resolve " + host + ": " + gai_strerror(error), true));
  }
  Resolver::Addresses addresses;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    const auto address = NetAddress::from_sockaddr(entry->ai_addr);
    if (address && std::ranges::find(addresses, *address) == addresses.end()) addresses.push_back(*address);
  }
  freeaddrinfo(found);
  if (addresses.empty()) {
    return fail(upstream_fault(FaultKind::unreachable, "no address for " + host, true));
  }
  return addresses;
}

// One who waits. Shared with the worker's answer on its way, which may outlive the wait; touched on the waiter's loop
// only.
struct Waiter {
  explicit Waiter(EpollLoop& of) : loop(of) {}
  EpollLoop& loop;
  CancelSignal answered;  // fires when outcome is set
  std::optional<Result<Resolver::Addresses>> outcome;
};

using Clock = std::chrono::steady_clock;

}  // namespace

struct Resolver::Shared {
  struct Name {
    Addresses addresses;  // the last good answer
    Clock::time_point answered_at;
    std::optional<Clock::time_point> asked_at;  // set while a worker has it, or will
    std::unordered_set<std::shared_ptr<Waiter>> waiters;
  };
  // What can be said at once.
  struct Known {
    Addresses addresses;             // empty: nothing
    std::shared_ptr<Waiter> waiter;  // for the worker's answer, which is better; null: it is not waited for
    Duration wait_max{0};
  };

  Shared(ResolverSettings chosen, Lookup with, bool leave_behind)
      : settings(chosen), lookup(std::move(with)), is_left_behind(leave_behind) {}

  Known look_up(const std::string& host, EpollLoop& loop, Duration wait_max) {
    const std::lock_guard lock(mutex);
    const Clock::time_point now = Clock::now();
    Name& name = name_of(host);
    if (is_known(name, now, settings.fresh_for)) return {.addresses = name.addresses, .waiter = nullptr};
    if (!name.asked_at) {
      name.asked_at = now;
      questions.push_back(host);
      work.notify_one();
    }
    Known known{.addresses = {}, .waiter = nullptr, .wait_max = wait_max};
    if (is_known(name, now, settings.fresh_for + settings.usable_for)) {
      known.addresses = name.addresses;
      known.wait_max = std::min<Duration>(wait_max, *name.asked_at + settings.refresh_wait_max - now);
    }
    if (known.wait_max > Duration::zero()) {
      known.waiter = *name.waiters.insert(std::make_shared<Waiter>(loop)).first;
    }
    return known;
  }

  static bool is_known(const Name& name, Clock::time_point now, Duration for_at_most) {
    return !name.addresses.empty() && now - name.answered_at <= for_at_most;
  }

  // Under the mutex.
  Name& name_of(const std::string& host) {
    if (names.size() >= settings.names_max && !names.contains(host)) forget_idle_names();
    return names[host];
  }

  // Under the mutex. Names that somebody waits for stay: their number is bounded by the requests under way.
  void forget_idle_names() {
    std::erase_if(names, [](const auto& entry) { return !entry.second.asked_at; });
  }

  // A loop is told under the mutex, where those who wait on it have not left yet: until they have, it is there.
  void answer(const std::string& host, Result<Addresses> outcome) {
    const std::lock_guard lock(mutex);
    if (stopping) return;
    Name& name = names[host];
    name.asked_at.reset();
    const Clock::time_point now = Clock::now();
    if (outcome) {
      name.addresses = *outcome;
      name.answered_at = now;
    } else if (is_known(name, now, settings.fresh_for + settings.usable_for)) {
      outcome = name.addresses;
    }
    for (const std::shared_ptr<Waiter>& waiter : name.waiters) {
      waiter->loop.submit([waiter, outcome] {
        waiter->outcome = outcome;
        waiter->answered.fire();
      });
    }
    name.waiters.clear();
  }

  void leave(const std::string& host, const std::shared_ptr<Waiter>& waiter) {
    const std::lock_guard lock(mutex);
    const auto name = names.find(host);
    if (name != names.end()) name->second.waiters.erase(waiter);
  }

  void serve() {
    std::unique_lock lock(mutex);
    while (true) {
      work.wait(lock, [this] { return stopping || !questions.empty(); });
      if (stopping) return;
      const std::string host = std::move(questions.front());
      questions.pop_front();
      lock.unlock();
      answer(host, lookup(host));
      lock.lock();
    }
  }

  const ResolverSettings settings;
  const Lookup lookup;
  const bool is_left_behind;  // a question that is under way at the end
  std::mutex mutex;
  std::condition_variable work;
  bool stopping = false;
  std::deque<std::string> questions;
  std::unordered_map<std::string, Name> names;
};

Resolver::Resolver(ResolverSettings settings)
    : Resolver(std::make_shared<Shared>(settings, ask_system, /*leave_behind=*/true)) {}

Resolver::Resolver(ResolverSettings settings, Lookup lookup)
    : Resolver(std::make_shared<Shared>(settings, std::move(lookup), /*leave_behind=*/false)) {}

Resolver::Resolver(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {
  for (unsigned at = 0; at < shared_->settings.threads; ++at) {
    threads_.emplace_back([shared = shared_] { shared->serve(); });
  }
}

Resolver::~Resolver() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stopping = true;
  }
  shared_->work.notify_all();
  for (std::thread& thread : threads_) {
    if (shared_->is_left_behind) {
      thread.detach();
    } else {
      thread.join();
    }
  }
}

namespace {

// Ends when the worker has answered, the time is up, or the one who asked calls it off.
class AnswerWait final : private ports::Timer, private CancelSignal::Listener, private LoopItem {
 public:
  AnswerWait(Waiter& waiter, Instant deadline, CancelSignal* cancel)
      : waiter_(waiter), deadline_(deadline), cancel_(cancel), calling_off_(*this) {}
  ~AnswerWait() { waiter_.loop.disarm(*this); }
  AnswerWait(const AnswerWait&) = delete;

  [[nodiscard]] bool await_ready() const noexcept { return cancel_ != nullptr && cancel_->fired(); }
  void await_suspend(std::coroutine_handle<> waiting) {
    waiting_ = waiting;
    waiter_.answered.attach(*this);
    if (cancel_ != nullptr) cancel_->attach(calling_off_);
    waiter_.loop.arm(*this, deadline_);
  }
  // True when the time was up.
  [[nodiscard]] bool await_resume() const noexcept { return timed_out_; }

 private:
  struct CallingOff final : CancelSignal::Listener {
    explicit CallingOff(AnswerWait& of) : wait(of) {}
    void cancelled() override { wait.end(); }
    AnswerWait& wait;
  };
  void end() {
    waiter_.loop.disarm(*this);
    CancelSignal::detach(*this);
    CancelSignal::detach(calling_off_);
    waiter_.loop.run_soon(*this);
  }
  void cancelled() override { end(); }
  void expired() override {
    timed_out_ = true;
    end();
  }
  void run() override { waiting_.resume(); }

  Waiter& waiter_;
  Instant deadline_;
  CancelSignal* cancel_;
  CallingOff calling_off_;
  std::coroutine_handle<> waiting_;
  bool timed_out_ = false;
};

}  // namespace

Task<Result<Resolver::Addresses>> Resolver::resolve(EpollLoop& loop, std::string host, std::uint16_t port,
                                                    Instant deadline, CancelSignal* cancel) {
  if (const auto literal = NetAddress::parse(host, port)) co_return Addresses{*literal};
  Shared::Known known = shared_->look_up(host, loop, deadline - loop.now());
  if (known.waiter != nullptr) {
    // However the wait ends, and where the frame is destroyed in it: its loop may go next, or has lost its resolver.
    struct Leaving {
      ~Leaving() { shared->leave(host, waiter); }
      const std::shared_ptr<Shared> shared;
      const std::string& host;
      const std::shared_ptr<Waiter>& waiter;
    } const leaving{shared_, host, known.waiter};
    const bool timed_out = co_await AnswerWait(*known.waiter, loop.now() + known.wait_max, cancel);
    if (std::optional<Result<Addresses>>& outcome = known.waiter->outcome) {
      if (!*outcome) co_return std::move(*outcome);
      known.addresses = std::move(**outcome);
    } else if (!timed_out) {
      co_return fail(upstream_fault(FaultKind::cancelled, "the look-up of " + host + " was called off", false));
    }
  }
  if (known.addresses.empty()) {
    co_return fail(upstream_fault(FaultKind::timed_out, "no answer yet about the address of " + host, true));
  }
  for (NetAddress& address : known.addresses)
    address.set_port(port);
  co_return std::move(known.addresses);
}

}  // namespace obleth::adapters
