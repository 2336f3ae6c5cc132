#include "adapters/os/acceptor.hpp"

#include <sys/epoll.h>

#include <utility>

#include "base/ensure.hpp"

namespace obleth::adapters {

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
      if (!outcome.drained) loop_.arm(*this, loop_.now() + retry_after);
      return;
    }
    taker_.take(std::move(*outcome.accepted));
  }
  loop_.run_soon(*this);  // the edge is used up, the queue may not be
}

}  // namespace obleth::adapters
