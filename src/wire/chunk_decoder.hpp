// Takes chunked transfer coding off, at any split of the bytes. Trailers are read and dropped.
//
// Strict: hex size of at most 16 digits, CRLF only, extensions of at most 4 KiB in all are skipped, trailers of at most
// 16 KiB. Pure; one per message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace obleth::wire {

class ChunkDecoder {
 public:
  enum class State : std::uint8_t { more, done, fault };

  struct Step {
    std::string_view payload;  // decoded bytes, a view into the input; may be empty
    std::size_t consumed = 0;  // input bytes used up, framing included
    State state = State::more;
  };

  // Gives one contiguous piece of payload per call; call again with the rest until it consumes nothing or is done.
  [[nodiscard]] Step feed(std::string_view bytes);

 private:
  enum class Phase : std::uint8_t { size, extension, size_lf, payload, payload_cr, payload_lf, trailer, done, fault };
  Phase phase_ = Phase::size;
  std::uint64_t left_ = 0;
  std::uint32_t digits_ = 0;
  std::uint32_t skipped_ = 0;
  bool line_empty_ = true;
  bool seen_cr_ = false;
};

}  // namespace obleth::wire
