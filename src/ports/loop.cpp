#include "ports/loop.hpp"

namespace obleth::ports {
namespace {
thread_local Loop* current_loop = nullptr;
}

Loop* Loop::current() {
  return current_loop;
}
void Loop::set_current(Loop* loop) {
  current_loop = loop;
}

}  // namespace obleth::ports
