// Runs a task on another loop and waits for its answer: on the caller's own loop, or, on a thread without one, in
// place.
//
//   const Task<Result<int>> work = count();
//   co_await run_on(home, std::move(work));
//
// The task owns what it needs: whoever waits may be destroyed meanwhile, and the task still runs to its end.
// Thread: any but the home loop's own where it has none.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <semaphore>
#include <utility>

#include "base/task.hpp"
#include "ports/handover.hpp"
#include "ports/loop.hpp"
#include "ports/spawn_on.hpp"

namespace obleth::ports {

template <class T>
struct RemoteErrand {
  Task<T> task;
  std::optional<T> answer;
  std::function<void()> done;
};

template <class T>
Task<void> do_errand(std::shared_ptr<RemoteErrand<T>> errand) {
  T answer = co_await errand->task;
  errand->answer.emplace(std::move(answer));
  errand->done();
}

template <class T>
Task<T> run_on(Loop& home, Task<T> task) {
  Loop* const here = Loop::current();
  if (here == &home) {
    T answer = co_await task;
    co_return answer;
  }
  const auto errand = std::make_shared<RemoteErrand<T>>(std::move(task));
  if (here == nullptr) {
    const auto done = std::make_shared<std::binary_semaphore>(0);
    errand->done = [done] { done->release(); };
    spawn_on(home, do_errand(errand));
    done->acquire();
  } else {
    const auto handover = std::make_shared<Handover>(*here);
    errand->done = [handover] { Handover::wake(handover); };
    spawn_on(home, do_errand(errand));
    co_await handover->awaited();
  }
  co_return std::move(*errand->answer);
}

}  // namespace obleth::ports
