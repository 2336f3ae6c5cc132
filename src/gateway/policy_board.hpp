// How a new policy reaches the requests: it is published once, and every thread takes it up before its next request.
//
//   PolicyBoard board(policy);                       // one for the process
//   ThreadPolicy policies(board);                    // one for each thread that serves
//   const ThreadPolicy::Hold policy = policies.hold();  // one for each request: what it began with, to its end
//
// A request costs one load and two counts of the thread's own. A former policy goes when the thread takes up the next
// one and no request holds it, so that a thread keeps no more of them than it has requests.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <utility>

#include "gateway/policy.hpp"

namespace obleth::gateway {

// Any thread.
class PolicyBoard {
 public:
  explicit PolicyBoard(Policy policy = {}) { publish(std::move(policy)); }

  // What begins after it has returned obeys it, on every thread.
  void publish(Policy policy) {
    const std::lock_guard lock(mutex_);
    latest_ = std::make_shared<const Policy>(std::move(policy));
    address_.store(latest_.get(), std::memory_order_release);
  }
  [[nodiscard]] std::shared_ptr<const Policy> latest() const {
    const std::lock_guard lock(mutex_);
    return latest_;
  }
  // To compare with one that is held: no two that live have the same.
  [[nodiscard]] const Policy* address() const { return address_.load(std::memory_order_acquire); }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Policy> latest_;  // guarded by mutex_
  std::atomic<const Policy*> address_ = nullptr;
};

// One thread's; it outlives the thread's requests.
class ThreadPolicy {
  struct Edition {
    std::shared_ptr<const Policy> policy;
    std::uint32_t requests = 0;  // that hold it
  };

 public:
  explicit ThreadPolicy(const PolicyBoard& board) : board_(board) { take_up(); }
  ThreadPolicy(const ThreadPolicy&) = delete;
  ThreadPolicy& operator=(const ThreadPolicy&) = delete;

  class Hold {
   public:
    explicit Hold(Edition& edition) : edition_(edition) { ++edition_.requests; }
    ~Hold() { --edition_.requests; }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    [[nodiscard]] const Policy& operator*() const { return *edition_.policy; }

   private:
    Edition& edition_;
  };

  [[nodiscard]] Hold hold() {
    if (editions_.back().policy.get() != board_.address()) [[unlikely]]
      take_up();
    return Hold(editions_.back());
  }
  [[nodiscard]] std::size_t editions() const { return editions_.size(); }  // for tests

 private:
  void take_up() {
    std::erase_if(editions_, [](const Edition& edition) { return edition.requests == 0; });
    editions_.push_back({board_.latest()});
  }

  const PolicyBoard& board_;
  std::list<Edition> editions_;  // the last is in force; a list, so that each stays where its requests know it
};

}  // namespace obleth::gateway
