// What has to be booked in Redis in any case: settlements and cancellations of one loop.
//
// Each goes at once while Redis answers. One that was not answered is sent again when Redis is back, and all that came
// after it follow. What is booked twice counts once, in whatever order it comes: Redis keeps the numbers of those that
// this queue may send again. Dropped and counted are the oldest beyond the bound, and what Redis answers with an error
// of its own; its row in the ledger still tells.
//
// Thread: its loop's. The link is closed before it is destroyed.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>

#include "adapters/os/root_task.hpp"
#include "adapters/redis/redis_link.hpp"
#include "ports/budget_ledger.hpp"

namespace obleth::adapters {

class SettleQueue {
 public:
  static constexpr std::size_t waiting_max = 100'000;

  // dropped: counts what is dropped by this queue and others. It outlives the queue.
  SettleQueue(RedisLink& link, std::atomic<std::uint64_t>& dropped) : link_(link), dropped_(dropped) {}

  void add(RedisScript::Input booking, const ports::SettleTurn& turn = {});
  // The first number of the turn's stream that is not answered: those below it are not sent again.
  [[nodiscard]] std::uint64_t first_open(const ports::SettleTurn& turn) const;
  [[nodiscard]] std::size_t waiting() const { return bookings_.size(); }

 private:
  struct Booking {
    RedisScript::Input input;
    ports::SettleTurn turn;
    bool is_booked = false;
  };

  Task<void> send(std::shared_ptr<Booking> booking);
  RootTask send_again();
  [[nodiscard]] Task<bool> send_batch();
  void begin_again();
  // False: it was not answered.
  bool note(Booking& booking, const Result<RedisReply>& reply);
  // So that the first is one to send, wherever there is any.
  void leave_booked();

  RedisLink& link_;
  std::deque<std::shared_ptr<Booking>> bookings_;
  bool is_behind_ = false;  // one was not answered: the others wait for it
  std::size_t sent_again_at_once_ = 0;
  std::atomic<std::uint64_t>& dropped_;
  RootTask again_;
};

}  // namespace obleth::adapters
