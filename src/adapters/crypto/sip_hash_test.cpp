#include "adapters/crypto/sip_hash.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>
#include <cstring>
#include <memory>
#include <string>

namespace obleth::adapters {
namespace {

constexpr SipKey key{0x0706050403020100, 0x0f0e0d0c0b0a0908};

// OpenSSL's, which is another author's.
SipHash expected_hash(std::string_view text) {
  std::unique_ptr<EVP_MAC, decltype(&EVP_MAC_free)> algorithm(EVP_MAC_fetch(nullptr, "SIPHASH", nullptr), EVP_MAC_free);
  std::unique_ptr<EVP_MAC_CTX, decltype(&EVP_MAC_CTX_free)> mac(EVP_MAC_CTX_new(algorithm.get()), EVP_MAC_CTX_free);
  std::size_t size = sizeof(SipHash);
  const std::array parameters{OSSL_PARAM_construct_size_t("size", &size), OSSL_PARAM_construct_end()};
  std::array<unsigned char, sizeof(SipKey)> key_bytes{};
  std::memcpy(key_bytes.data(), &key, sizeof key);
  EXPECT_EQ(EVP_MAC_init(mac.get(), key_bytes.data(), key_bytes.size(), parameters.data()), 1);
  EXPECT_EQ(EVP_MAC_update(mac.get(), reinterpret_cast<const unsigned char*>(text.data()), text.size()), 1);
  std::array<unsigned char, sizeof(SipHash)> bytes{};
  EXPECT_EQ(EVP_MAC_final(mac.get(), bytes.data(), &size, bytes.size()), 1);
  SipHash hash;
  std::memcpy(&hash, bytes.data(), sizeof hash);
  return hash;
}

TEST(SipHash, IsWhatOpenSslMakesOfTextsOfEveryLength) {
  std::string text;
  for (int length = 0; length < 80; ++length) {
    EXPECT_EQ(sip_hash(key, text), expected_hash(text)) << "of " << length << " bytes";
    text += static_cast<char>(length * 37 + 200);
  }
}

TEST(SipHash, AnotherKeyMakesAnotherHash) {
  EXPECT_NE(sip_hash(key, "sk_1"), sip_hash({key.low + 1, key.high}, "sk_1"));
  EXPECT_NE(sip_hash(key, "sk_1"), sip_hash({key.low, key.high + 1}, "sk_1"));
}

}  // namespace
}  // namespace obleth::adapters
