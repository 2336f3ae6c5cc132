#include "domain/api_key.hpp"

#include "domain/key_text.hpp"

#include <gtest/gtest.h>

#include <array>

namespace obleth {
namespace {

constexpr std::string_view good_key = "sk_0123456789abcdef0123456789abcdef0123456789abcdef";

TEST(ApiKey, FortyEightLowerCaseHexDigitsAreWellFormed) {
  EXPECT_TRUE(is_well_formed_key(good_key));
}

TEST(ApiKey, AnythingElseIsMalformed) {
  std::string upper(good_key);
  upper[10] = 'A';
  std::string not_hex(good_key);
  not_hex.back() = 'g';
  std::string other_start(good_key);
  other_start[2] = '-';
  std::string with_nul(good_key);
  with_nul[20] = '\0';
  for (const std::string& secret : {std::string(), std::string("sk_"), upper, not_hex, other_start, with_nul,
                                    std::string(good_key) + "0", std::string(good_key.substr(0, 50))}) {
    EXPECT_FALSE(is_well_formed_key(secret)) << secret;
  }
}

TEST(ApiKey, NewSecretSpellsItsRandomBytes) {
  std::array<unsigned char, key_random_bytes> random{};
  for (std::size_t at = 0; at < random.size(); ++at)
    random[at] = static_cast<unsigned char>(at * 11);
  const Secret secret = make_key_secret(random);
  EXPECT_EQ(secret.reveal(), "sk_000b16212c37424d58636e79848f9aa5b0bbc6d1dce7f2fd");
  EXPECT_TRUE(is_well_formed_key(secret.reveal()));
  EXPECT_EQ(display_prefix(secret), "sk_000b16212");
}

TEST(ApiKey, HashesAreEqualOnlyWhenEveryBitIs) {
  SecretHash hash;
  hash.bytes.fill(0x5A);
  EXPECT_TRUE(equal_in_constant_time(hash, hash));
  for (std::size_t bit = 0; bit < hash.bytes.size() * 8; ++bit) {
    SecretHash other = hash;
    other.bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    EXPECT_FALSE(equal_in_constant_time(hash, other)) << "bit " << bit;
  }
}

TEST(KeyText, AKeyIsFoundWhereverItStands) {
  const std::string key = "sk_" + std::string(48, 'a');
  const std::string token = "adm_" + std::string(48, '7');
  for (const std::string& text :
       {key, "x " + key, key + "!", "sk_sk_" + key.substr(3), "sk_" + key, token, "adm_x" + token}) {
    EXPECT_TRUE(holds_key(text)) << text;
    EXPECT_EQ(without_key(text), "(a key)");
  }
  for (const std::string& text :
       {std::string(), std::string("sk_"), key.substr(0, 50), "sk-" + key.substr(3), token.substr(0, 51)}) {
    EXPECT_FALSE(holds_key(text)) << text;
    EXPECT_EQ(without_key(text), text);
  }
}

}  // namespace
}  // namespace obleth
