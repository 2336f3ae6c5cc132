#include "adapters/http_client/body_decoder.hpp"

#include <algorithm>
#include <cstring>

namespace obleth::adapters {

BodyDecoder::Step BodyDecoder::decode(std::span<char> bytes) {
  if (state_ != State::more) return {{}, 0, state_};
  if (framing_ == BodyFraming::chunked) return decode_chunks(bytes);
  std::size_t taken = bytes.size();
  if (framing_ == BodyFraming::length) {
    taken = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
    left_ -= taken;
    if (left_ == 0) state_ = State::done;
  }
  return {std::string_view(bytes.data(), taken), taken, state_};
}

BodyDecoder::Step BodyDecoder::decode_chunks(std::span<char> bytes) {
  char* payload = bytes.data();
  std::size_t length = 0;
  std::size_t consumed = 0;
  while (consumed < bytes.size()) {
    const wire::ChunkDecoder::Step step = chunks_.feed({bytes.data() + consumed, bytes.size() - consumed});
    if (!step.payload.empty()) {
      const auto offset = static_cast<std::size_t>(step.payload.data() - bytes.data());
      if (length == 0) payload = bytes.data() + offset;
      if (payload + length != bytes.data() + offset)
        std::memmove(payload + length, step.payload.data(), step.payload.size());
      length += step.payload.size();
    }
    consumed += step.consumed;
    if (step.state == wire::ChunkDecoder::State::done) state_ = State::done;
    if (step.state == wire::ChunkDecoder::State::fault) state_ = State::fault;
    if (state_ != State::more || step.consumed == 0) break;
  }
  return {std::string_view(payload, length), consumed, state_};
}

}  // namespace obleth::adapters
