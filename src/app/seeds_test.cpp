#include "app/seeds.hpp"

#include <gtest/gtest.h>

#include "adapters/crypto/aes_gcm_sealer.hpp"
#include "adapters/crypto/key_hasher.hpp"
#include "adapters/os/system_clock.hpp"
#include "adapters/os/system_entropy.hpp"
#include "adapters/sqlite/sqlite_record_store.hpp"
#include "domain/api_key.hpp"

namespace obleth::app {
namespace {

class SeedsTest : public testing::Test {
 protected:
  adapters::AesGcmSealer sealer_{std::nullopt, std::nullopt};
  std::unique_ptr<adapters::SqliteRecordStore> store_ =
      std::move(*adapters::SqliteRecordStore::open({.path = ":memory:"}, sealer_));
  adapters::SystemClock clock_;
  adapters::SystemEntropy entropy_;
  adapters::KeyHasher hasher_{std::nullopt, std::nullopt};
  Seeds seeds_{*store_, clock_, entropy_, hasher_};
};

TEST_F(SeedsTest, AModelIsRegisteredOnceAndFollowsItsUpstream) {
  const auto first = seeds_.model("mock-model", "http://a/v1");
  ASSERT_TRUE(first) << first.error().message;
  const std::uint64_t version = *store_->version().run_now();
  EXPECT_EQ(seeds_.model("mock-model", "http://a/v1")->id, first->id);
  EXPECT_EQ(*store_->version().run_now(), version) << "nothing is written for nothing";
  EXPECT_EQ(seeds_.model("mock-model", "http://b/v1")->id, first->id);
  const auto kept = store_->all_models().run_now();
  ASSERT_EQ(kept->size(), 1U);
  EXPECT_EQ(kept->front().endpoints.front().api_base, "http://b/v1");
}

TEST_F(SeedsTest, ATenantOfThatNameStaysAsItIs) {
  const auto first = seeds_.tenant("chatbot", 500);
  ASSERT_TRUE(first);
  EXPECT_EQ(*seeds_.tenant("chatbot", 7), *first);
  const auto kept = store_->find_tenant("chatbot").run_now();
  EXPECT_EQ((*kept)->weight, 500U);
  EXPECT_EQ((*store_->find_group("default").run_now())->id, (*kept)->group);
}

TEST_F(SeedsTest, EveryKeyIsFreshAndFoundByItsSecret) {
  const auto tenant = seeds_.tenant("chatbot", 500);
  const auto one = seeds_.key(*tenant, "one");
  const auto two = seeds_.key(*tenant, "two");
  ASSERT_TRUE(one && two);
  EXPECT_TRUE(is_well_formed_key(one->reveal()));
  EXPECT_NE(one->reveal(), two->reveal());
  const auto found = store_->resolve_key(hasher_.hash(one->reveal()), clock_.wall_now()).run_now();
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->tenant.name, "chatbot");
  EXPECT_EQ((*found)->key.prefix, one->reveal().substr(0, 12));
}

TEST_F(SeedsTest, AKeyOfThatNameGetsANewSecretAndLosesItsOldOne) {
  const auto tenant = seeds_.tenant("chatbot", 500);
  ASSERT_TRUE(seeds_.key(*tenant, "demo-2"));  // its name holds the other's
  const auto first = seeds_.key(*tenant, "demo");
  const auto again = seeds_.key(*tenant, "demo");
  ASSERT_TRUE(first && again) << again.error().message;
  const auto found = store_->resolve_key(hasher_.hash(again->reveal()), clock_.wall_now()).run_now();
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->key.name, "demo");
  EXPECT_FALSE(*store_->resolve_key(hasher_.hash(first->reveal()), clock_.wall_now()).run_now());
  EXPECT_EQ(store_->list_keys(*tenant, {}).run_now()->rows.size(), 2U);
}

TEST_F(SeedsTest, IdsAreRandomUuids) {
  const std::string id = seeds_.tenant("chatbot", 500)->uuid();
  EXPECT_EQ(id[14], '4') << id;
  EXPECT_NE(std::string_view("89ab").find(id[19]), std::string_view::npos) << id;
}

TEST_F(SeedsTest, WhatIsSeededIsAudited) {
  ASSERT_TRUE(seeds_.model("mock-model", "http://a/v1"));
  ASSERT_TRUE(seeds_.key(*seeds_.tenant("chatbot", 500), "one"));
  const auto audit = store_->list_audit({}).run_now();
  ASSERT_EQ(audit->rows.size(), 3U);
  for (const AuditEntry& entry : audit->rows)
    EXPECT_EQ(entry.actor, "obleth");
}

}  // namespace
}  // namespace obleth::app
