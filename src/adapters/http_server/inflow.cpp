#include "adapters/http_server/inflow.hpp"

#include <span>
#include <utility>

namespace obleth::adapters {

void Inflow::settle() {
  if (bytes_.empty()) {
    std::string().swap(kept_);
    bytes_ = {};
  } else if (buffer_ != nullptr) {
    kept_.assign(bytes_);
    bytes_ = kept_;
  }
  if (buffer_ != nullptr) buffers_.give(std::move(buffer_));
}

IoOutcome Inflow::read(Socket& socket) {
  if (!bytes_.empty()) settle();
  if (buffer_ == nullptr) buffer_ = buffers_.take();
  const IoOutcome outcome = socket.read_some(std::span<char>(buffer_.get(), ReadBuffers::buffer_bytes));
  const std::string_view fresh(buffer_.get(), outcome.bytes);
  if (bytes_.empty()) {
    bytes_ = fresh;
    if (fresh.empty()) settle();
    return outcome;
  }
  const std::size_t used = static_cast<std::size_t>(bytes_.data() - kept_.data());
  kept_.erase(0, used);
  kept_.append(fresh);
  bytes_ = kept_;
  buffers_.give(std::move(buffer_));
  return outcome;
}

}  // namespace obleth::adapters
