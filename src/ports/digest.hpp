// SHA-256, for what may be compared and told but not kept: arguments of calls, ids of sessions,
// questions that were asked before. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace obleth::ports {

using Sha256 = std::array<std::uint8_t, 32>;

class Digest {
 public:
  virtual ~Digest() = default;
  [[nodiscard]] virtual Sha256 sha256(std::string_view bytes) const = 0;
  // Of the parts as if they were joined.
  [[nodiscard]] virtual Sha256 sha256_of(std::span<const std::string_view> parts) const = 0;
};

}  // namespace obleth::ports
