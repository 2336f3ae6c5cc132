#include "admin/write_gate.hpp"

#include <algorithm>

#include "base/ensure.hpp"
#include "ports/handover.hpp"
#include "ports/loop.hpp"

namespace obleth::admin {

struct WriteGate::Place {
  explicit Place(ports::Loop& loop) : handover(std::make_shared<ports::Handover>(loop)) {}
  std::shared_ptr<ports::Handover> handover;
};

// A place in the queue whose owner may be destroyed at any await: before its turn it leaves the queue, after its turn
// came unseen it passes the turn on.
class WriteGate::Waiting {
 public:
  Waiting(WriteGate& gate, std::shared_ptr<Place> place) : gate_(gate), place_(std::move(place)) {}
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() {
    if (place_ != nullptr && gate_.give_up(place_)) gate_.leave();
  }
  [[nodiscard]] ports::Handover* handover() const { return place_ == nullptr ? nullptr : place_->handover.get(); }
  [[nodiscard]] Turn take() {
    place_.reset();
    return Turn(gate_);
  }

 private:
  WriteGate& gate_;
  std::shared_ptr<Place> place_;
};

Task<WriteGate::Turn> WriteGate::enter() {
  Waiting waiting(*this, queue_up());
  if (waiting.handover() != nullptr) co_await waiting.handover()->awaited();
  co_return waiting.take();
}

std::shared_ptr<WriteGate::Place> WriteGate::queue_up() {
  const std::lock_guard lock(mutex_);
  if (!std::exchange(taken_, true)) return nullptr;
  ports::Loop* loop = ports::Loop::current();
  ensure(loop != nullptr, "a write waits for its turn on a thread without a loop");
  return queue_.emplace_back(std::make_shared<Place>(*loop));
}

bool WriteGate::give_up(const std::shared_ptr<Place>& place) {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(queue_, place);
  if (found == queue_.end()) return true;
  queue_.erase(found);
  return false;
}

void WriteGate::leave() {
  std::shared_ptr<Place> next;
  {
    const std::lock_guard lock(mutex_);
    if (queue_.empty()) {
      taken_ = false;
      return;
    }
    // The turn passes on without the gate opening in between.
    next = std::move(queue_.front());
    queue_.pop_front();
  }
  ports::Handover::wake(next->handover);
}

}  // namespace obleth::admin
