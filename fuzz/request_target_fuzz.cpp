// Any bytes as a request target: what matches has one spelling, climbs nowhere, and holds no control characters.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ensure.hpp"
#include "wire/request_target.hpp"

namespace {

using namespace obleth;
using namespace obleth::wire;

void check_path(std::string_view path) {
  ensure(path.starts_with('/'), "a path starts with a slash");
  ensure(path == "/" || !path.ends_with('/'), "a trailing slash stays");
  ensure(path.find("//") == std::string_view::npos, "a double slash stays");
  const std::string closed = std::string(path) + "/";
  ensure(closed.find("/../") == std::string::npos, "a path climbs");
  ensure(closed.find("/./") == std::string::npos, "a path stands still");
  for (const char c : path) {
    ensure(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F && c != '\\', "a character that no path may hold");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  const std::string_view target(reinterpret_cast<const char*>(input), size);
  const auto matched = normalise_target(target);
  if (!matched || matched->path == "*") return 0;
  check_path(matched->path);
  // Encoded once more, the path must come back as it is.
  std::string encoded;
  constexpr std::string_view hex = "0123456789ABCDEF";
  for (const char c : matched->path) {
    if (c == '/') {
      encoded.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded.append("%").append(1, hex[byte >> 4]).append(1, hex[byte & 15U]);
  }
  const auto again = normalise_target(encoded);
  ensure(again && again->path == matched->path, "a path has two spellings");
  return 0;
}
