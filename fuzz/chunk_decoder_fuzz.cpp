// Any bytes as a chunked body of a client and of a server: never a crash, never a step that stands still, the same
// payload at any split, and a server's body is all that a client's is. The first byte says how large the pieces are.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ensure.hpp"
#include "wire/chunk_decoder.hpp"

namespace {

using namespace obleth;
using namespace obleth::wire;

struct Decoded {
  std::string payload;
  std::size_t consumed = 0;
  ChunkDecoder::State state = ChunkDecoder::State::more;
};

Decoded decode(ChunkSource source, std::string_view bytes, std::size_t piece_size) {
  ChunkDecoder decoder(source);
  Decoded decoded;
  while (!bytes.empty() && decoded.state == ChunkDecoder::State::more) {
    const std::string_view piece = bytes.substr(0, piece_size);
    const ChunkDecoder::Step step = decoder.feed(piece);
    ensure(step.consumed > 0 && step.consumed <= piece.size(), "a step stands still or runs past its input");
    ensure(step.payload.empty() ||
               (step.payload.data() >= piece.data() && step.payload.end() <= piece.data() + step.consumed),
           "payload lies outside what was consumed");
    decoded.payload += step.payload;
    decoded.consumed += step.consumed;
    decoded.state = step.state;
    bytes.remove_prefix(step.consumed);
  }
  return decoded;
}

Decoded decode_twice(ChunkSource source, std::string_view bytes, std::size_t piece_size) {
  Decoded whole = decode(source, bytes, bytes.size());
  const Decoded split = decode(source, bytes, piece_size);
  ensure(whole.state == split.state, "the split changes the end");
  ensure(whole.payload == split.payload, "the split changes the payload");
  ensure(whole.consumed == split.consumed, "the split changes what belongs to the body");
  return whole;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(input) + 1, size - 1);
  const std::size_t piece_size = std::max<std::size_t>(1, input[0]);
  const Decoded sent = decode_twice(ChunkSource::client, bytes, piece_size);
  const Decoded answered = decode_twice(ChunkSource::server, bytes, piece_size);
  if (sent.state != ChunkDecoder::State::fault) {
    ensure(answered.state == sent.state && answered.payload == sent.payload && answered.consumed == sent.consumed,
           "a server may not send what a client may");
  }
  return 0;
}
