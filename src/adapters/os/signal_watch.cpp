#include "adapters/os/signal_watch.hpp"

#include <sys/epoll.h>
#include <sys/signalfd.h>

#include <csignal>
#include <utility>

#include "base/ensure.hpp"

namespace obleth::adapters {
namespace {

sigset_t set_of(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals)
    sigaddset(&set, signal);
  return set;
}

}  // namespace

void block_signals(std::initializer_list<int> signals) {
  const sigset_t set = set_of(signals);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

SignalWatch::SignalWatch(EpollLoop& loop, std::initializer_list<int> signals, std::function<void(int)> on_signal)
    : loop_(loop), on_signal_(std::move(on_signal)) {
  const sigset_t set = set_of(signals);
  fd_ = FileDescriptor(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  ensure(fd_.is_open() && loop_.watch(fd_.get(), EPOLLIN, *this), "a loop watches a signalfd");
}

void SignalWatch::fd_ready(std::uint32_t) {
  loop_.run_soon(*this);
}

void SignalWatch::run() {
  signalfd_siginfo received{};
  while (::read(fd_.get(), &received, sizeof received) == static_cast<ssize_t>(sizeof received)) {
    on_signal_(static_cast<int>(received.ssi_signo));
  }
}

}  // namespace obleth::adapters
