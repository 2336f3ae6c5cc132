// Memory that answers are read into: one buffer per answer whose bytes are being used right now, none while it waits.
//
// Thread: one; its buffers go from answer to answer.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "adapters/os/epoll_loop.hpp"
#include "domain/http_message.hpp"

namespace obleth::adapters {

struct AnswerBuffer {
  static constexpr std::size_t size = 64 * 1024;
  ResponseHead head;  // its views point into bytes
  std::array<char, size> bytes;
};

class AnswerBuffers {
 public:
  // As many as are in use while writes to clients are gathered; beyond them memory goes back: they were for clients
  // slower than us.
  static constexpr std::size_t kept_max = EpollLoop::writes_gathered_max + 1;

  [[nodiscard]] std::unique_ptr<AnswerBuffer> take() {
    if (kept_.empty()) return std::make_unique_for_overwrite<AnswerBuffer>();
    std::unique_ptr<AnswerBuffer> buffer = std::move(kept_.back());
    kept_.pop_back();
    return buffer;
  }
  void give(std::unique_ptr<AnswerBuffer> buffer) {
    if (buffer != nullptr && kept_.size() < kept_max) kept_.push_back(std::move(buffer));
  }

 private:
  std::vector<std::unique_ptr<AnswerBuffer>> kept_;
};

}  // namespace obleth::adapters
