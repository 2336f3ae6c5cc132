// SipHash-2-4 with 128 bits: a keyed hash of short texts, fast, that nobody can forge who does not know the key. Pure.
//
// Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF", and the 128-bit form of their reference code.
#pragma once

#include <cstdint>
#include <string_view>

namespace obleth::adapters {

struct SipKey {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
};

struct SipHash {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  bool operator==(const SipHash&) const = default;
};

[[nodiscard]] SipHash sip_hash(const SipKey& key, std::string_view text);

}  // namespace obleth::adapters
