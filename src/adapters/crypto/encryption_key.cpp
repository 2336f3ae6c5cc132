#include "adapters/crypto/encryption_key.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "adapters/crypto/base64.hpp"
#include "adapters/crypto/sha256.hpp"
#include "base/hex_text.hpp"
#include "base/strong_id.hpp"

namespace obleth::adapters {
namespace {

constexpr std::size_t hex_length = 2 * EncryptionKey::size;
constexpr std::size_t fingerprint_bytes = 6;
constexpr std::string_view fingerprint_label = "obleth encryption key fingerprint";

void put_bits(EncryptionKey::Bytes& bytes, std::size_t start, std::uint64_t bits) {
  for (std::size_t at = 0; at < sizeof bits; ++at) {
    bytes[start + at] = static_cast<std::uint8_t>(bits >> (56 - 8 * at));
  }
}

std::optional<EncryptionKey::Bytes> from_hex(std::string_view text) {
  if (text.size() != hex_length) return std::nullopt;
  EncryptionKey::Bytes bytes{};
  for (const std::size_t half : {0U, 1U}) {
    const auto bits = bits128_from_text(text.substr(half * 32, 32));
    if (!bits) return std::nullopt;
    put_bits(bytes, half * 16, bits->high);
    put_bits(bytes, half * 16 + 8, bits->low);
  }
  return bytes;
}

}  // namespace

Result<EncryptionKey> EncryptionKey::from_text(std::string_view text, std::string_view setting) {
  if (const auto bytes = from_hex(text)) return EncryptionKey(*bytes);
  if (const auto decoded = from_base64(text); decoded && decoded->size() == size) {
    Bytes bytes{};
    std::ranges::copy(*decoded, bytes.begin());
    return EncryptionKey(bytes);
  }
  const std::string name(setting);
  return fail(client_fault(FaultKind::invalid,
                           name + " must be 32 bytes, as base64 or 64 hex digits (make one: openssl rand -hex 32)",
                           name));
}

EncryptionKey::~EncryptionKey() {
  OPENSSL_cleanse(bytes_.data(), bytes_.size());
}

std::string EncryptionKey::fingerprint() const {
  const HmacSha256 keyed({reinterpret_cast<const char*>(bytes_.data()), bytes_.size()});
  const Sha256Digest digest = keyed.of(fingerprint_label);
  return hex_of(std::span(digest).first<fingerprint_bytes>());
}

}  // namespace obleth::adapters
