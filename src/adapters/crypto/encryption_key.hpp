// The operator's 256-bit key (OBLETH_ENCRYPTION_KEY), read from text.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace obleth::adapters {

class EncryptionKey {
 public:
  static constexpr std::size_t size = 32;
  using Bytes = std::array<std::uint8_t, size>;

  // 64 hex digits, or 32 bytes as base64. The fault names `setting` and shows nothing of the text.
  [[nodiscard]] static Result<EncryptionKey> from_text(std::string_view text, std::string_view setting);

  explicit EncryptionKey(const Bytes& bytes) : bytes_(bytes) {}
  EncryptionKey(const EncryptionKey&) = default;
  EncryptionKey& operator=(const EncryptionKey&) = default;
  ~EncryptionKey();  // wipes the bytes

  [[nodiscard]] const Bytes& bytes() const { return bytes_; }
  // Tells two keys apart in sealed text and messages, and says nothing about either: 12 hex digits.
  [[nodiscard]] std::string fingerprint() const;

 private:
  Bytes bytes_;
};

}  // namespace obleth::adapters
