// A connection, its lock, and the one thread that asks it: blocking work with a bounded queue before it.
//
// A call from a loop suspends and resumes there; a call from a thread without a loop runs in place. What the work
// throws becomes a fault here, at the adapter's edge. Thread: any. Destroy it before the loops whose tasks may wait.
#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "adapters/sql/store_failure.hpp"
#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/worker.hpp"
#include "base/instant.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "ports/handover.hpp"
#include "ports/loop.hpp"

namespace obleth::adapters {

class ConnectionDesk {
 public:
  // Throws StoreFailure when the file cannot be opened.
  ConnectionDesk(DatabaseFile file, std::size_t queue_max, Worker::Turns turns = Worker::Turns::like_others)
      : connection_(std::move(file)), worker_(queue_max, turns) {}

  // For what is done before anybody asks.
  [[nodiscard]] SqliteConnection& connection() { return connection_; }

  // Work is called with the SqliteConnection, under the lock; its answer comes back as the task's. A queue that is full
  // is the fault unavailable.
  template <class Work>
  using AnswerOf = Result<std::invoke_result_t<Work&, SqliteConnection&>>;
  template <class Work>
  Task<AnswerOf<Work>> ask(Work work, std::string_view operation = {});

  // Called after every ask that has a name, with how long it took, its wait in the queue included; on the asking
  // thread. Set before the first ask.
  using WatchCalls = std::function<void(std::string_view operation, Duration took)>;
  void watch_calls(WatchCalls watch) { watch_ = std::move(watch); }

 private:
  // Owned by the waiting task and the worker together, since either may end first.
  template <class Work>
  struct Errand {
    Work work;
    std::shared_ptr<ports::Handover> done;
    std::optional<AnswerOf<Work>> answer;
  };
  template <class Work>
  AnswerOf<Work> do_now(Work& work);
  template <class Work>
  bool send(std::shared_ptr<Errand<Work>> errand);

  void note_call(std::string_view operation, std::chrono::steady_clock::time_point began) const {
    if (watch_ && !operation.empty()) watch_(operation, std::chrono::steady_clock::now() - began);
  }

  WatchCalls watch_;
  std::mutex connection_mutex_;
  SqliteConnection connection_;
  Worker worker_;  // last: it ends before the connection goes
};

template <class Work>
ConnectionDesk::AnswerOf<Work> ConnectionDesk::do_now(Work& work) {
  const std::lock_guard lock(connection_mutex_);
  try {
    if constexpr (std::is_void_v<std::invoke_result_t<Work&, SqliteConnection&>>) {
      work(connection_);
      return {};
    } else {
      return work(connection_);
    }
  } catch (...) {
    return fail(fault_of_thrown(std::current_exception()));
  }
}

template <class Work>
bool ConnectionDesk::send(std::shared_ptr<Errand<Work>> errand) {
  return worker_.submit([this, errand = std::move(errand)] {
    errand->answer = do_now(errand->work);
    ports::Handover::wake(errand->done);
  });
}

template <class Work>
Task<ConnectionDesk::AnswerOf<Work>> ConnectionDesk::ask(Work work, std::string_view operation) {
  const auto began = std::chrono::steady_clock::now();
  ports::Loop* loop = ports::Loop::current();
  if (loop == nullptr) {
    AnswerOf<Work> answer = do_now(work);
    note_call(operation, began);
    co_return answer;
  }
  const auto done = std::make_shared<ports::Handover>(*loop);
  const auto errand = std::make_shared<Errand<Work>>(std::move(work), done);
  if (!send(errand)) co_return fail(store_fault(FaultKind::unavailable, "too many queries wait for the database"));
  co_await done->awaited();
  note_call(operation, began);
  co_return std::move(*errand->answer);
}

}  // namespace obleth::adapters
