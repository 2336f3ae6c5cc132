#include "adapters/os/acceptor.hpp"

#include <sys/epoll.h>

#include <utility>

#include "base/ensure.hpp"
#include "observe/log.hpp"

namespace obleth::adapters {
namespace {

constexpr Duration complaint_period = std::chrono::minutes(1);

}  // namespace

Acceptor::Acceptor(EpollLoop& loop, FileDescriptor listening, ConnectionTaker& taker)
    : loop_(loop), listening_(std::move(listening)), taker_(taker) {
  ensure(loop_.watch(listening_.get(), EPOLLIN, *this), "a loop watches its listening socket");
}

void Acceptor::stop() {
  unlink();
  loop_.disarm(*this);
  listening_.reset();
}

void Acceptor::run() {
  for (int taken = 0; taken < accepted_per_turn_max; ++taken) {
    if (!listening_.is_open()) return;
    AcceptOutcome outcome = accept_one(listening_.get());
    if (!outcome.accepted) {
      if (!outcome.drained) wait_for_resources();
      return;
    }
    taker_.take(std::move(*outcome.accepted));
  }
  loop_.run_soon(*this);  // the edge is used up, the queue may not be
}

void Acceptor::wait_for_resources() {
  observe::log_once_per(complaint_period, observe::LogLevel::warn, "connections cannot be accepted and wait",
                        "open files or the kernel's memory are used up");
  loop_.arm(*this, loop_.now() + retry_after);
}

}  // namespace obleth::adapters
