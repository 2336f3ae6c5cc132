// A few sessions, each on a thread of its own, with one bounded queue of work before them, and a breaker.
//
// A call from a loop suspends and resumes there; a call from a thread without a loop waits in place. While the database
// is down, which is when it takes no connection, a call is refused at once: one of the threads tries to reach it, again
// and again, and what is asked meanwhile pays nothing for that. A statement that takes too long costs its own call and
// connection alone. What the work throws becomes a fault here, at the adapter's edge.
// Thread: any. Destroy it before the loops whose tasks may wait.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <semaphore>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "adapters/postgres/postgres_session.hpp"
#include "adapters/sql/store_failure.hpp"
#include "base/instant.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "ports/handover.hpp"
#include "ports/loop.hpp"

namespace obleth::adapters {

struct DeskSettings {
  std::size_t sessions = 4;
  std::size_t queue_max = 1024;
  PostgresDeadlines deadlines;
  // Between attempts to reach a database that is down: doubled each time.
  Duration first_pause = std::chrono::milliseconds(100);
  Duration pause_max = std::chrono::seconds(2);
};

class SessionDesk {
 public:
  using Prepare = std::function<void(PostgresSession&)>;
  // Called with every change of up and down, and of the reason; on one of the desk's threads, or the caller's.
  using WatchHealth = std::function<void(bool up, const Fault& why_not)>;
  // Called after every ask that has a name, with how long it took, its wait in the queue included; on the asking
  // thread.
  using WatchCalls = std::function<void(std::string_view operation, Duration took)>;

  // prepare: run on the first session after each time that the database was reached anew, before any work.
  SessionDesk(PostgresAddress address, Prepare prepare, DeskSettings settings);
  SessionDesk(const SessionDesk&) = delete;
  SessionDesk& operator=(const SessionDesk&) = delete;
  ~SessionDesk();

  // Until the first attempt to reach the database has ended, or its time is up; its fault, if it has one.
  [[nodiscard]] Result<void> first_attempt();

  template <class Work>
  using AnswerOf = Result<std::invoke_result_t<Work&, SqlSession&>>;
  // Work is called with a session, once more where the first connection turned out to be dead before anything was
  // committed; its answer comes back as the task's.
  template <class Work>
  Task<AnswerOf<Work>> ask(Work work, std::string_view operation = {});

  // Set both before the first ask.
  void watch_calls(WatchCalls watch) { watch_calls_ = std::move(watch); }
  void watch_health(WatchHealth watch);

 private:
  // Called once: with a session, or with the reason why there is none.
  using Job = std::move_only_function<void(PostgresSession*, const Fault&)>;
  // Owned by the waiting task and the thread that works together, since either may end first.
  template <class Work>
  struct Errand {
    Work work;
    std::function<void()> done;
    std::optional<AnswerOf<Work>> answer;
  };

  template <class Work>
  AnswerOf<Work> do_on(PostgresSession& session, Work& work);
  template <class Work>
  Result<void> send(std::shared_ptr<Errand<Work>> errand);
  [[nodiscard]] Result<void> submit(Job job);

  // Where the session has no connection, one is made. Fault: the database cannot be reached, for nobody.
  [[nodiscard]] Result<void> reach(PostgresSession& session);
  void work(bool mends);
  void mend(PostgresSession& session);
  void note_reached();
  void come_up();
  void go_down(const Fault& why);
  void note_call(std::string_view operation, std::chrono::steady_clock::time_point began) const {
    if (watch_calls_ && !operation.empty()) watch_calls_(operation, std::chrono::steady_clock::now() - began);
  }

  const PostgresAddress address_;
  const Prepare prepare_;
  const DeskSettings settings_;
  WatchCalls watch_calls_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> queue_;
  WatchHealth watch_health_;
  std::optional<Fault> down_;  // why; from the start until the database was reached
  bool reached_ = false;       // in the first attempt, which may still prepare what is there
  bool attempted_ = false;
  bool stopping_ = false;
  Duration pause_;
  std::chrono::steady_clock::time_point next_attempt_;
  std::vector<std::thread> threads_;  // last: they start when everything above stands
};

template <class Work>
SessionDesk::AnswerOf<Work> SessionDesk::do_on(PostgresSession& session, Work& work) {
  for (bool again = true;; again = false) {
    const Result<void> reached = reach(session);
    if (!reached) return fail(reached.error());
    try {
      if constexpr (std::is_void_v<std::invoke_result_t<Work&, SqlSession&>>) {
        work(session);
        return {};
      } else {
        return work(session);
      }
    } catch (...) {
      const Fault fault = fault_of_thrown(std::current_exception());
      if (!again || !session.may_try_again()) return fail(fault);
    }
  }
}

template <class Work>
Result<void> SessionDesk::send(std::shared_ptr<Errand<Work>> errand) {
  return submit([this, errand = std::move(errand)](PostgresSession* session, const Fault& why_not) {
    errand->answer = session == nullptr ? AnswerOf<Work>(fail(why_not)) : do_on(*session, errand->work);
    errand->done();
  });
}

template <class Work>
Task<SessionDesk::AnswerOf<Work>> SessionDesk::ask(Work work, std::string_view operation) {
  const auto began = std::chrono::steady_clock::now();
  const auto errand = std::make_shared<Errand<Work>>(std::move(work));
  ports::Loop* loop = ports::Loop::current();
  if (loop == nullptr) {
    std::binary_semaphore done(0);
    errand->done = [&done] { done.release(); };
    Result<void> sent = send(errand);
    if (!sent) co_return fail(std::move(sent.error()));
    done.acquire();
  } else {
    const auto handover = std::make_shared<ports::Handover>(*loop);
    errand->done = [handover] { ports::Handover::wake(handover); };
    Result<void> sent = send(errand);
    if (!sent) co_return fail(std::move(sent.error()));
    co_await handover->awaited();
  }
  note_call(operation, began);
  co_return std::move(*errand->answer);
}

}  // namespace obleth::adapters
