#include "domain/api_key.hpp"

namespace obleth {
namespace {

constexpr std::string_view key_start = "sk_";
constexpr std::string_view hex_digits = "0123456789abcdef";

}  // namespace

bool equal_in_constant_time(const SecretHash& a, const SecretHash& b) {
  unsigned difference = 0;
  for (std::size_t at = 0; at < a.bytes.size(); ++at) {
    difference |= static_cast<unsigned>(a.bytes[at] ^ b.bytes[at]);
  }
  return difference == 0;
}

bool is_well_formed_key(std::string_view secret) {
  if (secret.size() != key_secret_length || !secret.starts_with(key_start)) return false;
  // Without an early end, so that the compiler looks at many of them at once.
  unsigned char wrong = 0;
  for (const char digit : secret.substr(key_start.size())) {
    const bool is_hex = (digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f');
    wrong |= static_cast<unsigned char>(!is_hex);
  }
  return wrong == 0;
}

Secret make_key_secret(std::span<const unsigned char, key_random_bytes> random) {
  std::string text(key_start);
  text.reserve(key_secret_length);
  for (const unsigned char byte : random) {
    text.push_back(hex_digits[byte >> 4]);
    text.push_back(hex_digits[byte & 0xF]);
  }
  return Secret(std::move(text));
}

std::string display_prefix(const Secret& secret) {
  return std::string(secret.reveal().substr(0, key_prefix_length));
}

}  // namespace obleth
