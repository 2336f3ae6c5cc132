#include "adapters/crypto/aes_gcm_sealer.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "adapters/crypto/base64.hpp"

namespace obleth::adapters {
namespace {

constexpr std::string_view purpose = "models:6f1f:api_key";

EncryptionKey key_of(std::uint8_t first_byte) {
  EncryptionKey::Bytes bytes{};
  for (std::size_t at = 0; at < bytes.size(); ++at)
    bytes[at] = static_cast<std::uint8_t>(first_byte + at);
  return EncryptionKey(bytes);
}

TEST(AesGcmSealer, OpensWhatItSealed) {
  const AesGcmSealer sealer(key_of(1), std::nullopt);
  for (const std::string& text :
       {std::string(), std::string("k"), std::string("sk-upstream-credential"), std::string(5000, 'x')}) {
    const auto sealed = sealer.seal(Secret(text), purpose);
    ASSERT_TRUE(sealed);
    const auto opened = sealer.open(*sealed, purpose);
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(opened->reveal(), text);
  }
}

TEST(AesGcmSealer, SealedTextIsAsciiAndShowsNothingOfThePlainText) {
  const AesGcmSealer sealer(key_of(1), std::nullopt);
  const auto sealed = sealer.seal(Secret("sk-upstream-credential"), purpose);
  EXPECT_TRUE(sealed->starts_with("v1." + key_of(1).fingerprint() + "."));
  EXPECT_EQ(sealed->find("upstream"), std::string::npos);
  EXPECT_TRUE(std::ranges::all_of(*sealed, [](char c) { return c > ' ' && c < 127; }));
}

TEST(AesGcmSealer, SealsTheSameTextDifferentlyEachTime) {
  const AesGcmSealer sealer(key_of(1), std::nullopt);
  EXPECT_NE(*sealer.seal(Secret("same"), purpose), *sealer.seal(Secret("same"), purpose));
}

TEST(AesGcmSealer, SealedTextCannotBeMovedToAnotherRow) {
  const AesGcmSealer sealer(key_of(1), std::nullopt);
  const auto sealed = sealer.seal(Secret("credential"), purpose);
  const auto opened = sealer.open(*sealed, "models:0000:api_key");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().source, FaultSource::store);
}

TEST(AesGcmSealer, EveryChangedByteIsNoticed) {
  const AesGcmSealer sealer(key_of(1), std::nullopt);
  const auto sealed = sealer.seal(Secret("credential"), purpose);
  for (std::size_t at = 0; at < sealed->size(); ++at) {
    std::string damaged = *sealed;
    damaged[at] = damaged[at] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(sealer.open(damaged, purpose)) << "byte " << at;
  }
  for (std::size_t length = 0; length < sealed->size(); ++length)
    EXPECT_FALSE(sealer.open(sealed->substr(0, length), purpose)) << "length " << length;
}

TEST(AesGcmSealer, FormerKeyStillOpensButNoLongerSeals) {
  const AesGcmSealer before(key_of(1), std::nullopt);
  const AesGcmSealer during(key_of(2), key_of(1));
  const AesGcmSealer after(key_of(2), std::nullopt);
  const auto old_text = before.seal(Secret("credential"), purpose);
  EXPECT_EQ(during.open(*old_text, purpose)->reveal(), "credential");
  EXPECT_EQ(after.open(*during.seal(Secret("credential"), purpose), purpose)->reveal(), "credential");
  const auto too_late = after.open(*old_text, purpose);
  ASSERT_FALSE(too_late);
  EXPECT_NE(too_late.error().message.find(key_of(1).fingerprint()), std::string::npos);
}

TEST(AesGcmSealer, WithoutAKeyTheFaultNamesTheSetting) {
  const AesGcmSealer sealer(std::nullopt, std::nullopt);
  EXPECT_FALSE(sealer.can_seal());
  const auto sealed = sealer.seal(Secret("credential"), purpose);
  ASSERT_FALSE(sealed);
  EXPECT_EQ(sealed.error().field, "OBLETH_ENCRYPTION_KEY");
}

TEST(EncryptionKey, IsReadAsHexInEitherCaseOrAsBase64) {
  const EncryptionKey::Bytes expected = key_of(0xF0).bytes();
  std::string hex;
  for (const std::uint8_t byte : expected) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    hex += digits[byte >> 4];
    hex += digits[byte & 0xF];
  }
  EXPECT_EQ(EncryptionKey::from_text(hex, "K")->bytes(), expected);
  std::ranges::transform(hex, hex.begin(), [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; });
  EXPECT_EQ(EncryptionKey::from_text(hex, "K")->bytes(), expected);
  EXPECT_EQ(EncryptionKey::from_text(to_base64(expected), "K")->bytes(), expected);
}

TEST(EncryptionKey, AnyOtherTextIsRefusedByTheNameOfItsSettingAndNotShown) {
  const std::string short_base64 = to_base64(std::vector<std::uint8_t>(31, 7));
  const std::string long_base64 = to_base64(std::vector<std::uint8_t>(33, 7));
  for (const std::string& text : {std::string(), std::string("hunter2-hunter2"), std::string(63, 'a'),
                                  std::string(64, 'g'), short_base64, long_base64}) {
    const auto key = EncryptionKey::from_text(text, "OBLETH_ENCRYPTION_KEY");
    ASSERT_FALSE(key) << text;
    EXPECT_EQ(key.error().field, "OBLETH_ENCRYPTION_KEY");
    EXPECT_EQ(key.error().message.find("hunter2"), std::string::npos);
  }
}

TEST(Base64, AcceptsExactlyItsOwnForm) {
  EXPECT_EQ(from_base64("AQI="), (std::vector<std::uint8_t>{1, 2}));
  EXPECT_EQ(from_base64(""), std::vector<std::uint8_t>{});
  for (const char* text : {"AQI", "AQI =", " AQI=", "AQI=\n", "A===", "====", "AQ=I", "AQ-_", "AQJ="})
    EXPECT_FALSE(from_base64(text)) << text;
}

}  // namespace
}  // namespace obleth::adapters
