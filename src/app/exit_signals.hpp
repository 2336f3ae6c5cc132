// SIGINT and SIGTERM as something to wait for. Made on the main thread before any other thread starts.
#pragma once

#include <pthread.h>
#include <csignal>

namespace obleth::app {

class ExitSignals {
 public:
  ExitSignals() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  }
  // Blocks until one of them comes.
  void wait() const {
    int number = 0;
    sigwait(&signals_, &number);
  }

 private:
  sigset_t signals_{};
};

}  // namespace obleth::app
