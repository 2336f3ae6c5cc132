// Takes chunked transfer coding off, at any split of the bytes. Trailers are checked, and dropped.
//
// Strict (RFC 9112 §7.1): hex size of 1 to 16 digits, CRLF only, ";" straight after the size; trailers obey the grammar
// of headers, so that a body that ends too soon never swallows the next request. A server may put blanks behind a size,
// as old ones do, and has the bound of extensions for each chunk, as a stream has no end. Pure; one per message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace obleth::wire {

inline constexpr std::uint32_t chunk_extension_bytes_max = 4 * 1024;  // of one request, of a chunk of an answer
inline constexpr std::uint32_t chunk_trailer_bytes_max = 16 * 1024;

enum class ChunkSource : std::uint8_t { client, server };

class ChunkDecoder {
 public:
  explicit ChunkDecoder(ChunkSource source = ChunkSource::client) : source_(source) {}

  enum class State : std::uint8_t { more, done, fault };

  struct Step {
    std::string_view payload;  // decoded bytes, a view into the input; may be empty
    std::size_t consumed = 0;  // input bytes used up, framing included
    State state = State::more;
  };

  // Gives one contiguous piece of payload per call, and takes the framing on both sides of it; call again with the rest
  // until it consumes nothing or is not "more". A fault stays, and the message with it.
  [[nodiscard]] Step feed(std::string_view bytes);

 private:
  enum class Phase : std::uint8_t {
    size,
    size_blank,
    extension,
    size_lf,
    payload,
    payload_cr,
    payload_lf,
    trailer_start,
    trailer_name,
    trailer_value,
    trailer_lf,
    last_lf,
    done,
    fault
  };

  // A usual line of framing that lies here whole: its bytes; 0: go on by the byte.
  [[nodiscard]] std::size_t take_line(std::string_view bytes);
  [[nodiscard]] Phase next_phase(char c);
  [[nodiscard]] Phase after_size(char c);
  [[nodiscard]] Phase behind_size(char c);
  [[nodiscard]] Phase after_extension(char c);
  [[nodiscard]] Phase after_trailer(char c);
  [[nodiscard]] State state() const;

  std::uint64_t left_ = 0;  // of the chunk
  std::uint32_t extension_bytes_ = 0;
  std::uint32_t trailer_bytes_ = 0;
  std::uint8_t digits_ = 0;
  Phase phase_ = Phase::size;
  ChunkSource source_;
};

}  // namespace obleth::wire
