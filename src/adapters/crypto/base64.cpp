#include "adapters/crypto/base64.hpp"

#include <openssl/evp.h>

#include <limits>

namespace obleth::adapters {
namespace {

constexpr std::size_t quantum_text = 4;
constexpr std::size_t quantum_bytes = 3;

std::size_t padding_of(std::string_view text) {
  if (text.ends_with("==")) return 2;
  return text.ends_with('=') ? 1 : 0;
}

}  // namespace

std::string to_base64(std::span<const std::uint8_t> bytes) {
  std::string text((bytes.size() + quantum_bytes - 1) / quantum_bytes * quantum_text, '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(), static_cast<int>(bytes.size()));
  return text;
}

std::optional<std::vector<std::uint8_t>> from_base64(std::string_view text) {
  if (text.size() % quantum_text != 0 || text.size() > std::numeric_limits<int>::max()) return std::nullopt;
  std::vector<std::uint8_t> bytes(text.size() / quantum_text * quantum_bytes);
  const auto* from = reinterpret_cast<const unsigned char*>(text.data());
  if (EVP_DecodeBlock(bytes.data(), from, static_cast<int>(text.size())) < 0) return std::nullopt;
  bytes.resize(bytes.size() - padding_of(text));
  // OpenSSL forgives surrounding white space and stray bits before the padding; one value has one spelling here.
  if (to_base64(bytes) != text) return std::nullopt;
  return bytes;
}

}  // namespace obleth::adapters
