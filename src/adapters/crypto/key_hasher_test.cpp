#include "adapters/crypto/key_hasher.hpp"

#include <gtest/gtest.h>

namespace obleth::adapters {
namespace {

constexpr std::string_view secret = "sk_0123456789abcdef0123456789abcdef0123456789abcdef";

TEST(KeyHasher, WithoutPepperIsTheSha256OfTheWholeSecret) {
  const KeyHasher hasher(std::nullopt, std::nullopt);
  EXPECT_EQ(hasher.hash(secret).bytes, sha256(secret));
  EXPECT_EQ(hasher.candidates(secret), std::vector{hasher.hash(secret)});
}

TEST(KeyHasher, PepperKeysTheHash) {
  const KeyHasher hasher(Secret("pepper"), std::nullopt);
  EXPECT_EQ(hasher.hash(secret).bytes, HmacSha256("pepper").of(secret));
  EXPECT_NE(hasher.hash(secret).bytes, sha256(secret));
}

TEST(KeyHasher, BothPeppersAreTriedWhileOneIsReplaced) {
  const KeyHasher before(Secret("old pepper"), std::nullopt);
  const KeyHasher during(Secret("new pepper"), Secret("old pepper"));
  const KeyHasher after(Secret("new pepper"), std::nullopt);
  const std::vector expected{after.hash(secret), before.hash(secret)};
  EXPECT_EQ(during.candidates(secret), expected);
  EXPECT_EQ(during.hash(secret), after.hash(secret));
}

TEST(KeyHasher, EmptyFormerPepperFindsKeysMadeBeforeThereWasOne) {
  const KeyHasher unpeppered(std::nullopt, std::nullopt);
  const KeyHasher introduced(Secret("pepper"), Secret(""));
  const std::vector expected{introduced.hash(secret), unpeppered.hash(secret)};
  EXPECT_EQ(introduced.candidates(secret), expected);
}

TEST(KeyHasher, ManySecretsInTurnKeepTheirOwnHashes) {
  const KeyHasher plain(std::nullopt, std::nullopt);
  const KeyHasher peppered(Secret("pepper"), std::nullopt);
  for (int round = 0; round < 2; ++round) {
    for (int number = 0; number < 3'000; ++number) {
      const std::string one = "sk_" + std::to_string(number);
      EXPECT_EQ(plain.hash(one).bytes, sha256(one));
      EXPECT_EQ(peppered.hash(one).bytes, HmacSha256("pepper").of(one));
    }
  }
}

}  // namespace
}  // namespace obleth::adapters
