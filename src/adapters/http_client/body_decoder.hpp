// Takes the framing off an answer's body, in place: what one read brought comes out as one contiguous piece.
//
// Thread: a value of one answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "domain/http_message.hpp"
#include "wire/chunk_decoder.hpp"

namespace obleth::adapters {

class BodyDecoder {
 public:
  enum class State : std::uint8_t { more, done, fault };

  struct Step {
    std::string_view payload;  // a view into the bytes given; may be empty
    std::size_t consumed = 0;
    State state = State::more;
  };

  BodyDecoder() = default;
  explicit BodyDecoder(const ResponseHead& head)
      : framing_(head.framing), left_(head.content_length), state_(initial_state(head.framing)) {}

  // Payload of several chunks is moved together within bytes. A payload may come with the fault that follows it.
  [[nodiscard]] Step decode(std::span<char> bytes);
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool ends_with_connection() const { return framing_ == BodyFraming::until_close; }

 private:
  static State initial_state(BodyFraming framing) { return framing == BodyFraming::none ? State::done : State::more; }
  [[nodiscard]] Step decode_chunks(std::span<char> bytes);

  BodyFraming framing_ = BodyFraming::none;
  std::uint64_t left_ = 0;
  wire::ChunkDecoder chunks_{wire::ChunkSource::server};
  State state_ = State::done;
};

}  // namespace obleth::adapters
