#include "adapters/os/system_entropy.hpp"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/ensure.hpp"

namespace obleth::adapters {

void SystemEntropy::fill(std::span<unsigned char> bytes) {
  while (!bytes.empty()) {
    const ssize_t got = getrandom(bytes.data(), bytes.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    ensure(got > 0, "the kernel gives random bytes");
    bytes = bytes.subspan(static_cast<std::size_t>(got));
  }
}

Bits128 SystemEntropy::bits128() {
  static constexpr std::size_t ids_per_fetch = 32;
  static thread_local std::array<unsigned char, ids_per_fetch * sizeof(Bits128)> buffer;
  static thread_local std::size_t used = sizeof buffer;
  if (used == buffer.size()) {
    fill(buffer);
    used = 0;
  }
  Bits128 bits;
  std::memcpy(&bits, buffer.data() + used, sizeof bits);
  // What was given out is not kept.
  std::memset(buffer.data() + used, 0, sizeof bits);
  used += sizeof bits;
  return bits;
}

}  // namespace obleth::adapters
