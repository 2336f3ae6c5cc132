// Any bytes as an event stream: never a crash, and the same outcome at any split. Without stripping nothing changes;
// with it, only whole lines are missing. The first byte says how large the pieces are.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ensure.hpp"
#include "wire/sse_scanner.hpp"

namespace {

using namespace obleth;
using namespace obleth::wire;

struct Relayed {
  std::string bytes;
  SseScanner scanner;
};

Relayed relay(std::string_view stream, std::size_t piece_size, bool strip) {
  Relayed relayed{.bytes = {}, .scanner = SseScanner(strip)};
  std::vector<std::string_view> out;
  const auto take = [&] {
    for (const std::string_view piece : out)
      relayed.bytes += piece;
    out.clear();
  };
  while (!stream.empty()) {
    relayed.scanner.feed(stream.substr(0, piece_size), out);
    take();
    stream.remove_prefix(std::min(piece_size, stream.size()));
  }
  relayed.scanner.finish(out);
  take();
  return relayed;
}

bool is_subsequence(std::string_view part, std::string_view whole) {
  for (const char byte : whole) {
    if (!part.empty() && part.front() == byte) part.remove_prefix(1);
  }
  return part.empty();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(input) + 1, size - 1);
  const std::size_t piece_size = std::max<std::size_t>(1, input[0]);
  const Relayed untouched = relay(stream, piece_size, false);
  ensure(untouched.bytes == stream, "a stream was changed that nobody asked to change");
  const Relayed whole = relay(stream, stream.size() + 1, true);
  const Relayed split = relay(stream, piece_size, true);
  ensure(is_subsequence(whole.bytes, stream), "bytes were invented");
  ensure(size > sse_held_bytes_max || whole.bytes == split.bytes, "the split changes the stream");
  ensure(size > sse_held_bytes_max || whole.scanner.usage() == split.scanner.usage(), "the split changes the usage");
  ensure(whole.scanner.content_bytes() == untouched.scanner.content_bytes() || size > sse_held_bytes_max,
         "stripping changes the count");
  return 0;
}
