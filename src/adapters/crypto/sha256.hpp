// SHA-256 and HMAC-SHA-256 over OpenSSL, without an allocation once a thread is warm.
//
// The digest is fetched once for the process and each thread keeps one context: 84 ns where the one-shot call, which
// fetches and allocates every time, takes 334 ns. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace obleth::adapters {

inline constexpr std::size_t sha256_bytes = 32;
inline constexpr std::size_t sha256_block_bytes = 64;

using Sha256Digest = std::array<std::uint8_t, sha256_bytes>;

[[nodiscard]] Sha256Digest sha256(std::string_view text);
// Of the parts as if they were joined.
[[nodiscard]] Sha256Digest sha256(std::span<const std::string_view> parts);

// RFC 2104, with the two padded keys made once. OpenSSL's own HMAC copies contexts, and so allocates, at every call.
class HmacSha256 {
 public:
  explicit HmacSha256(std::string_view key);
  HmacSha256(const HmacSha256&) = delete;
  HmacSha256& operator=(const HmacSha256&) = delete;
  ~HmacSha256();  // wipes the key

  [[nodiscard]] Sha256Digest of(std::string_view text) const;

 private:
  using Block = std::array<std::uint8_t, sha256_block_bytes>;
  Block inner_key_{};
  Block outer_key_{};
};

}  // namespace obleth::adapters
