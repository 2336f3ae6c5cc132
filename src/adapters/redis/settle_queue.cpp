#include "adapters/redis/settle_queue.hpp"

#include <algorithm>

#include "adapters/redis/budget_scripts.hpp"
#include "observe/log.hpp"

namespace obleth::adapters {
namespace {

constexpr Duration look_every = std::chrono::milliseconds(50);  // whether Redis is back
constexpr std::size_t sent_again_first = 16;                    // at a time
constexpr std::size_t sent_again_max = 1000;
constexpr Duration complaint_period = std::chrono::minutes(1);

}  // namespace

std::uint64_t SettleQueue::first_open(const ports::SettleTurn& turn) const {
  const auto open = std::ranges::find_if(bookings_, [&turn](const std::shared_ptr<Booking>& each) {
    return each->turn.sequence > 0 && each->turn.stream == turn.stream;
  });
  return open == bookings_.end() ? turn.sequence : (*open)->turn.sequence;
}

void SettleQueue::add(RedisScript::Input booking, const ports::SettleTurn& turn) {
  if (bookings_.size() >= waiting_max) {
    bookings_.pop_front();
    leave_booked();
    ++dropped_;
    observe::log_once_per(complaint_period, observe::LogLevel::error, "settlements are dropped: Redis is away too long",
                          "redis");
  }
  auto made = std::make_shared<Booking>(Booking{.input = std::move(booking), .turn = turn});
  bookings_.push_back(made);
  if (is_behind_) return;
  if (link_.is_up()) {
    spawn(send(std::move(made)));
  } else {
    begin_again();
  }
}

bool SettleQueue::note(Booking& booking, const Result<RedisReply>& reply) {
  if (!reply) return false;
  if (reply->is_error()) {  // not of a server that is down: it would be said again
    ++dropped_;
    observe::log_once_per(complaint_period, observe::LogLevel::error, "a settlement cannot be booked", "redis",
                          {{"reason", reply->text}});
  }
  booking.is_booked = true;
  leave_booked();
  return true;
}

void SettleQueue::leave_booked() {
  while (!bookings_.empty() && bookings_.front()->is_booked)
    bookings_.pop_front();
}

Task<void> SettleQueue::send(std::shared_ptr<Booking> booking) {
  const Result<RedisReply> reply = co_await link_.run(settle_script(), booking->input);
  if (!note(*booking, reply)) begin_again();
}

void SettleQueue::begin_again() {
  if (std::exchange(is_behind_, true)) return;
  sent_again_at_once_ = sent_again_first;
  again_ = send_again();
}

// Many at a time, so that no round trip bounds how many are booked in a second; and no more than Redis can take beside
// all that every other loop, of every replica, sends it when it is back. So the number follows how long Redis took: it
// is doubled while the last, which is answered last, is answered within an eighth of what a call may take, and halved
// otherwise. False: the last was not answered.
Task<bool> SettleQueue::send_batch() {
  std::shared_ptr<Booking> last;
  const std::size_t count = std::min(bookings_.size(), sent_again_at_once_);
  for (std::size_t at = 0; at < count; ++at) {
    if (bookings_[at]->is_booked) continue;
    if (last != nullptr) spawn(send(std::move(last)));
    last = bookings_[at];
  }
  const Instant asked_at = link_.loop().now();
  const Result<RedisReply> reply = co_await link_.run(settle_script(), last->input);
  const bool is_quick = reply && link_.loop().now() - asked_at <= link_.server().settings().call_max / 8;
  sent_again_at_once_ =
      is_quick ? std::min(sent_again_at_once_ * 2, sent_again_max) : std::max<std::size_t>(sent_again_at_once_ / 2, 1);
  co_return note(*last, reply);
}

// Those that were under way on the connection before have ended with it.
RootTask SettleQueue::send_again() {
  while (!bookings_.empty()) {
    const bool came = co_await ports::Pause(link_.loop(), link_.loop().now() + look_every);
    static_cast<void>(came);  // nobody calls this pause off
    bool goes_on = true;
    while (goes_on && link_.is_up() && !bookings_.empty())
      goes_on = co_await send_batch();
  }
  is_behind_ = false;
}

}  // namespace obleth::adapters
