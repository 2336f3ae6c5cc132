#include "adapters/crypto/sha256.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <thread>

namespace obleth::adapters {
namespace {

std::string hex(const Sha256Digest& digest) {
  std::string text;
  for (const std::uint8_t byte : digest) {
    constexpr std::string_view digits = "0123456789abcdef";
    text += digits[byte >> 4];
    text += digits[byte & 0xF];
  }
  return text;
}

// FIPS 180-2, appendix B.
TEST(Sha256, GivesThePublishedDigests) {
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

// RFC 4231, test cases 1, 2 and 6 (a key longer than the block).
TEST(HmacSha256, GivesThePublishedCodes) {
  EXPECT_EQ(hex(HmacSha256(std::string(20, '\x0b')).of("Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex(HmacSha256("Jefe").of("what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hex(HmacSha256(std::string(131, '\xaa')).of("Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(HmacSha256, AgreesWithOpenSslForEveryLengthOfKeyAndText) {
  for (std::size_t length = 1; length <= 140; ++length) {
    const std::string key(length, static_cast<char>('a' + length % 26));
    const std::string text(length * 3 % 131, static_cast<char>('A' + length % 26));
    Sha256Digest expected{};
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
         text.size(), expected.data(), nullptr);
    EXPECT_EQ(hex(HmacSha256(key).of(text)), hex(expected)) << "length " << length;
  }
}

TEST(Sha256, ThreadsDoNotDisturbEachOther) {
  const Sha256Digest expected = sha256("the same text");
  const auto hash_often = [&expected] {
    for (int round = 0; round < 2000; ++round)
      EXPECT_EQ(sha256("the same text"), expected);
  };
  std::jthread first(hash_often);
  std::jthread second(hash_often);
}

TEST(Sha256, PartsAreHashedAsIfTheyWereJoined) {
  const std::array<std::string_view, 4> parts = {"a", "", "b", "c"};
  EXPECT_EQ(sha256(std::span<const std::string_view>(parts)), sha256("abc"));
  EXPECT_EQ(sha256(std::span<const std::string_view>()), sha256(""));
}

}  // namespace
}  // namespace obleth::adapters
