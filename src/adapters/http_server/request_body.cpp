#include "adapters/http_server/request_body.hpp"

#include <algorithm>

namespace obleth::adapters {

void RequestBody::begin(const RequestHead& head, std::uint64_t bytes_max) {
  framing_ = head.framing;
  state_ = framing_ == BodyFraming::none ? State::done : State::more;
  left_ = head.content_length;
  taken_ = 0;
  bytes_max_ = bytes_max;
  chunks_ = wire::ChunkDecoder();
}

std::string_view RequestBody::decode(Inflow& inflow) {
  if (framing_ == BodyFraming::length) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, inflow.bytes().size()));
    const std::string_view payload = inflow.bytes().substr(0, size);
    inflow.consume(size);
    left_ -= size;
    if (left_ == 0) state_ = State::done;
    return payload;
  }
  const wire::ChunkDecoder::Step step = chunks_.feed(inflow.bytes());
  inflow.consume(step.consumed);
  if (step.state == wire::ChunkDecoder::State::done) state_ = State::done;
  if (step.state == wire::ChunkDecoder::State::fault) state_ = State::malformed;
  return step.payload;
}

std::string_view RequestBody::take(Inflow& inflow) {
  // A length that says too much is refused before anything is read of it.
  if (state_ == State::more && framing_ == BodyFraming::length && taken_ + left_ > bytes_max_) {
    state_ = State::too_large;
  }
  if (state_ != State::more || inflow.empty()) return {};
  const std::string_view payload = decode(inflow);
  taken_ += payload.size();
  if (state_ == State::malformed) return {};
  if (taken_ > bytes_max_) {
    state_ = State::too_large;
    return {};
  }
  return payload;
}

std::uint64_t RequestBody::skip(Inflow& inflow) {
  const std::size_t before = inflow.bytes().size();
  if (state_ == State::too_large) state_ = State::more;
  while (state_ == State::more && !inflow.empty())
    static_cast<void>(decode(inflow));
  return before - inflow.bytes().size();
}

}  // namespace obleth::adapters
