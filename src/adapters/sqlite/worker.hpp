// One thread that does blocking work in turn, with a bounded queue before it.
//
// Any thread submits. It ends after the job at hand; what is still queued is dropped unrun.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace obleth::adapters {

class Worker {
 public:
  using Job = std::move_only_function<void()>;

  enum class Turns : std::uint8_t { like_others, behind_others };  // thread_turns.hpp

  explicit Worker(std::size_t queue_max, Turns turns = Turns::like_others);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker();

  // False when the queue is full: the job will not run.
  [[nodiscard]] bool submit(Job job);
  // No further job is begun. Does not wait.
  void stop();

 private:
  void work();

  const std::size_t queue_max_;
  const Turns turns_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Job> queue_;
  bool stopping_ = false;
  std::thread thread_;  // last: it starts when everything above stands
};

}  // namespace obleth::adapters
