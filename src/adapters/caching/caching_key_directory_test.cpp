#include "adapters/caching/caching_key_directory.hpp"

#include "adapters/caching/directory_fixture_test.hpp"

namespace obleth::adapters {
namespace {

using ports::KeyOutcome;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration one_tick{1};

class KeyDirectory : public DirectoryTest {};

TEST_F(KeyDirectory, FoundKeyIsFreshForThreeHundredSeconds) {
  store_.put(a_key("a"));
  EXPECT_EQ(find("a").resolved->key.id, key_id);
  after(seconds(300) - one_tick);
  EXPECT_EQ(outcome("a"), KeyOutcome::found);
  EXPECT_EQ(store_.questions(), 1);
  after(one_tick);
  EXPECT_EQ(outcome("a"), KeyOutcome::found);
  EXPECT_EQ(store_.questions(), 2);
}

TEST_F(KeyDirectory, UnknownKeyIsRememberedForTenSeconds) {
  EXPECT_EQ(outcome("a"), KeyOutcome::unknown);
  after(seconds(10) - one_tick);
  EXPECT_EQ(outcome("a"), KeyOutcome::unknown);
  EXPECT_EQ(store_.questions(), 1);
  store_.put(a_key("a"));
  after(one_tick);
  EXPECT_EQ(outcome("a"), KeyOutcome::found);
  EXPECT_EQ(store_.questions(), 2);
}

TEST_F(KeyDirectory, OldKeyIsServedWhileTheStoreIsDownAndSaysSo) {
  store_.put(a_key("a"));
  find("a");
  store_.down = true;
  after(minutes(6));
  const ports::KeyLookup stale = find("a");
  EXPECT_EQ(stale.outcome, KeyOutcome::found);
  EXPECT_TRUE(stale.stale);
  EXPECT_EQ(stale.resolved->key.id, key_id);
  EXPECT_FALSE(directory_.store_answers());
  EXPECT_EQ(directory_.counts().stale, 1U);
}

TEST_F(KeyDirectory, OldKeyIsNoLongerServedAfterADay) {
  store_.put(a_key("a"));
  find("a");
  store_.down = true;
  after(hours(24) - one_tick);
  EXPECT_EQ(outcome("a"), KeyOutcome::found);
  after(seconds(1));
  EXPECT_EQ(outcome("a"), KeyOutcome::unavailable);
}

TEST_F(KeyDirectory, ShorterTimesHoldForWhatIsRememberedToo) {
  store_.put(a_key("a"));
  find("a");
  find("b");
  directory_.set_times({.fresh = seconds(1), .unknown_for = seconds(2), .stale_max = minutes(1)});
  after(seconds(1));
  find("a");
  find("b");
  EXPECT_EQ(store_.questions(), 3);  // "b" is remembered as unknown
  after(seconds(1));
  find("b");
  EXPECT_EQ(store_.questions(), 4);
  store_.down = true;
  after(minutes(1) - seconds(1) - one_tick);
  EXPECT_EQ(outcome("a"), KeyOutcome::found);
  after(seconds(1));
  EXPECT_EQ(outcome("a"), KeyOutcome::unavailable);
}

TEST_F(KeyDirectory, LongerTimesHoldForWhatIsAnsweredFromNowOn) {
  store_.put(a_key("a"));
  find("a");
  directory_.set_times({.fresh = minutes(10)});
  after(minutes(5));
  find("a");
  EXPECT_EQ(store_.questions(), 2);
  after(minutes(10) - one_tick);
  find("a");
  EXPECT_EQ(store_.questions(), 2);
}

TEST_F(KeyDirectory, KeyThatIsGoneIsAskedForAgainAfterAShorterTime) {
  store_.put(a_key("a"));
  find("a");
  store_.forget(a_key("a").key.hash);
  after(minutes(5));
  EXPECT_EQ(outcome("a"), KeyOutcome::unknown);
  store_.put(a_key("a"));
  directory_.set_times({.fresh = minutes(5), .unknown_for = seconds(1)});
  after(seconds(1));
  EXPECT_EQ(outcome("a"), KeyOutcome::found);
}

TEST_F(KeyDirectory, StoreThatIsDownIsAskedOnceASecondPerKey) {
  store_.put(a_key("a"));
  find("a");
  store_.down = true;
  after(minutes(6));
  for (int request = 0; request < 5; ++request)
    EXPECT_TRUE(find("a").stale);
  EXPECT_EQ(store_.questions(), 2);
  after(seconds(1));
  EXPECT_TRUE(find("a").stale);
  EXPECT_EQ(store_.questions(), 3);
}

TEST_F(KeyDirectory, KeyIsFreshAgainWhenTheStoreIsBack) {
  store_.put(a_key("a"));
  find("a");
  store_.down = true;
  after(minutes(6));
  find("a");
  store_.down = false;
  after(seconds(1));
  EXPECT_FALSE(find("a").stale);
  EXPECT_TRUE(directory_.store_answers());
}

TEST_F(KeyDirectory, KeyNeverSeenIsUnavailableAndNotUnknownWhileTheStoreIsDown) {
  store_.put(a_key("a"));
  store_.down = true;
  EXPECT_EQ(outcome("a"), KeyOutcome::unavailable);
  store_.down = false;
  EXPECT_EQ(outcome("a"), KeyOutcome::found);
}

TEST_F(KeyDirectory, UnknownKeyIsUnavailableOnceItsMemoryEndsAndTheStoreIsDown) {
  EXPECT_EQ(outcome("a"), KeyOutcome::unknown);
  store_.down = true;
  EXPECT_EQ(outcome("a"), KeyOutcome::unknown);
  after(seconds(10));
  EXPECT_EQ(outcome("a"), KeyOutcome::unavailable);
}

// ---- news ---------------------------------------------------------------------------------------------------------

TEST_F(KeyDirectory, ChangedKeyIsReadAnewAtItsNextUse) {
  ResolvedKey key = a_key("a");
  store_.put(key);
  EXPECT_FALSE(find("a").resolved->key.disabled);
  key.key.disabled = true;
  store_.put(key);
  EXPECT_FALSE(find("a").resolved->key.disabled);
  feed_.publish(ports::KeyChanged{key_id, tenant_id});
  EXPECT_TRUE(find("a").resolved->key.disabled);
}

TEST_F(KeyDirectory, ChangeOfAKeyLeavesOthersCached) {
  store_.put(a_key("a"));
  store_.put(a_key("b", KeyId{{1, 2}}));
  find("a");
  find("b");
  feed_.publish(ports::KeyChanged{key_id, tenant_id});
  find("b");
  EXPECT_EQ(store_.questions(), 2);
  find("a");
  EXPECT_EQ(store_.questions(), 3);
}

TEST_F(KeyDirectory, KeyThatHasChangedIsNotServedFromMemoryWhileTheStoreIsDown) {
  store_.put(a_key("a"));
  find("a");
  feed_.publish(ports::KeyChanged{key_id, tenant_id});
  store_.down = true;
  EXPECT_EQ(outcome("a"), KeyOutcome::unavailable);
}

TEST_F(KeyDirectory, DisabledKeyStaysDisabledWhileTheStoreIsDown) {
  ResolvedKey key = a_key("a");
  key.key.disabled = true;
  store_.put(key);
  find("a");
  store_.down = true;
  after(hours(1));
  const ports::KeyLookup stale = find("a");
  EXPECT_TRUE(stale.stale);
  EXPECT_TRUE(stale.resolved->key.disabled);
}

TEST_F(KeyDirectory, DeletedKeyStaysUnknownWhileTheStoreIsDown) {
  store_.put(a_key("a"));
  find("a");
  store_.forget(PlainHasher::spelled(1, "a"));
  feed_.publish(ports::KeyChanged{key_id, tenant_id});
  EXPECT_EQ(outcome("a"), KeyOutcome::unknown);
  store_.down = true;
  after(hours(1));
  EXPECT_EQ(outcome("a"), KeyOutcome::unknown);
}

TEST_F(KeyDirectory, DeletedKeyThatIsMadeAgainIsFound) {
  store_.put(a_key("a"));
  find("a");
  store_.forget(PlainHasher::spelled(1, "a"));
  feed_.publish(ports::KeyChanged{key_id, tenant_id});
  EXPECT_EQ(outcome("a"), KeyOutcome::unknown);
  store_.put(a_key("a"));
  feed_.publish(ports::KeyChanged{key_id, tenant_id});
  EXPECT_EQ(outcome("a"), KeyOutcome::found);
}

TEST_F(KeyDirectory, ChangeOfATenantReadsAllItsKeysAnewAndNoOthers) {
  find_keys_of_two_tenants();
  feed_.publish(ports::TenantChanged{tenant_id});
  store_.down = true;
  EXPECT_EQ(outcome("a"), KeyOutcome::unavailable);
  EXPECT_EQ(outcome("b"), KeyOutcome::unavailable);
  EXPECT_EQ(outcome("c"), KeyOutcome::found);
}

TEST_F(KeyDirectory, NewsOfUnknownExtentAsksAgainForEveryKeyButServesOnWhileTheStoreIsDown) {
  for (const ports::Change& change :
       {ports::Change(ports::GroupsChanged{}), ports::Change(ports::EverythingChanged{})}) {
    store_.down = false;
    store_.put(a_key("a"));
    find("a");
    const int before = store_.questions();
    feed_.publish(change);
    find("a");
    EXPECT_EQ(store_.questions(), before + 1);
    store_.down = true;
    feed_.publish(change);
    EXPECT_TRUE(find("a").stale);
  }
}

TEST_F(KeyDirectory, NewsOfOtherThingsChangesNothing) {
  store_.put(a_key("a"));
  find("a");
  for (const ports::Change& change :
       {ports::Change(ports::ModelsChanged{}), ports::Change(ports::McpServersChanged{}),
        ports::Change(ports::SettingsChanged{}), ports::Change(ports::AdminTokensChanged{})})
    feed_.publish(change);
  find("a");
  EXPECT_EQ(store_.questions(), 1);
}

TEST_F(KeyDirectory, VersionThatMovedWithoutNewsAsksAgainForEveryKey) {
  directory_.poll_version().run_now();
  store_.put(a_key("a"));
  find("a");
  directory_.poll_version().run_now();
  find("a");
  EXPECT_EQ(store_.questions(), 1);
  ++store_.version_now;
  directory_.poll_version().run_now();
  find("a");
  EXPECT_EQ(store_.questions(), 2);
  store_.down = true;
  directory_.poll_version().run_now();
  find("a");
  EXPECT_EQ(store_.questions(), 2);
}

// ---- what news has called in question is read anew ------------------------------------------------------------------

TEST_F(KeyDirectory, ChangedKeyIsServedThoughTheStoreFailsBeforeItsNextUse) {
  for (const ports::Change& change :
       {ports::Change(ports::KeyChanged{key_id, tenant_id}), ports::Change(ports::TenantChanged{tenant_id})}) {
    store_.down = false;
    ResolvedKey key = a_key("a");
    store_.put(key);
    find("a");
    key.tenant.weight = 7;
    store_.put(key);
    feed_.publish(change);
    EXPECT_TRUE(read_disputed());
    store_.down = true;
    EXPECT_EQ(find("a").resolved->tenant.weight, 7U);
    after(hours(1));
    EXPECT_TRUE(find("a").stale);
  }
}

TEST_F(KeyDirectory, KeyThatWasDisabledIsToldSoThoughTheStoreFailsBeforeItsNextUse) {
  ResolvedKey key = a_key("a");
  store_.put(key);
  find("a");
  key.key.disabled = true;
  store_.put(key);
  feed_.publish(ports::KeyChanged{key_id, tenant_id});
  EXPECT_TRUE(read_disputed());
  store_.down = true;
  after(hours(1));
  EXPECT_TRUE(find("a").resolved->key.disabled);
}

TEST_F(KeyDirectory, KeyThatWasDeletedIsUnknownThoughTheStoreFailsBeforeItsNextUse) {
  store_.put(a_key("a"));
  find("a");
  store_.forget(PlainHasher::spelled(1, "a"));
  feed_.publish(ports::TenantChanged{tenant_id});
  EXPECT_TRUE(read_disputed());
  store_.down = true;
  after(hours(1));
  EXPECT_EQ(outcome("a"), KeyOutcome::unknown);
}

TEST_F(KeyDirectory, OnlyWhatNewsHasCalledInQuestionIsReadAnew) {
  find_keys_of_two_tenants();
  feed_.publish(ports::TenantChanged{tenant_id});
  find("b");
  EXPECT_EQ(store_.questions(), 4);
  EXPECT_TRUE(read_disputed());
  EXPECT_EQ(store_.questions(), 5);
  EXPECT_TRUE(read_disputed());
  EXPECT_EQ(store_.questions(), 5);
}

TEST_F(KeyDirectory, StoreThatIsDownIsAskedOnceForAllKeysAndTheyStayRefusedUntilItAnswers) {
  for (std::uint64_t number = 1; number <= 100; ++number) {
    const std::string secret = "key " + std::to_string(number);
    store_.put(a_key(secret, KeyId{{1, number}}));
    find(secret);
  }
  feed_.publish(ports::TenantChanged{tenant_id});
  store_.down = true;
  EXPECT_FALSE(read_disputed());
  EXPECT_EQ(store_.questions(), 101);
  EXPECT_EQ(outcome("key 7"), KeyOutcome::unavailable);
  store_.down = false;
  EXPECT_TRUE(read_disputed());
  store_.down = true;
  for (std::uint64_t number = 1; number <= 100; ++number)
    EXPECT_EQ(outcome("key " + std::to_string(number)), KeyOutcome::found);
}

TEST_F(KeyDirectory, FormerSecretWhoseGraceHasEndedIsNotFoundByItsKeysOtherSecret) {
  ResolvedKey key = a_key("new");
  key.key.former_hash = PlainHasher::spelled(1, "old");
  key.key.former_expires_at = WallTime{clock_.wall_now().unix_ms + 60'000};
  store_.put(key);
  find("old");
  after(seconds(60));
  EXPECT_EQ(outcome("old"), KeyOutcome::unknown);
  feed_.publish(ports::KeyChanged{key_id, tenant_id});
  EXPECT_TRUE(read_disputed());
  EXPECT_EQ(outcome("old"), KeyOutcome::unknown);
  EXPECT_EQ(outcome("new"), KeyOutcome::found);
}

TEST_F(KeyDirectory, KeyHashedUnderTheFormerPepperIsReadAnewUnderIt) {
  store_.put(a_key("a"));
  hasher_.current_pepper = 2;
  hasher_.former_pepper = 1;
  find("a");
  feed_.publish(ports::KeyChanged{key_id, tenant_id});
  EXPECT_TRUE(read_disputed());
  store_.down = true;
  EXPECT_EQ(outcome("a"), KeyOutcome::found);
}

TEST_F(KeyDirectory, ReadingAnewEndsWhenItIsToldTo) {
  store_.put(a_key("a"));
  find("a");
  feed_.publish(ports::KeyChanged{key_id, tenant_id});
  stop_.fire();
  EXPECT_FALSE(read_disputed());
  EXPECT_EQ(store_.questions(), 1);
}

// ---- rotation -----------------------------------------------------------------------------------------------------

TEST_F(KeyDirectory, FormerSecretIsGoodUntilItsGraceEndsAndNotAMomentLonger) {
  ResolvedKey key = a_key("new");
  key.key.former_hash = PlainHasher::spelled(1, "old");
  key.key.former_expires_at = WallTime{clock_.wall_now().unix_ms + 60'000};
  store_.put(key);
  EXPECT_EQ(outcome("old"), KeyOutcome::found);
  EXPECT_EQ(outcome("new"), KeyOutcome::found);
  after(seconds(60) - std::chrono::milliseconds(1));
  EXPECT_EQ(outcome("old"), KeyOutcome::found);
  EXPECT_EQ(store_.questions(), 2);
  after(std::chrono::milliseconds(1));
  EXPECT_EQ(outcome("old"), KeyOutcome::unknown);
  EXPECT_EQ(outcome("new"), KeyOutcome::found);
}

TEST_F(KeyDirectory, FormerSecretWhoseGraceHasEndedIsRefusedWhileTheStoreIsDown) {
  ResolvedKey key = a_key("new");
  key.key.former_hash = PlainHasher::spelled(1, "old");
  key.key.former_expires_at = WallTime{clock_.wall_now().unix_ms + 60'000};
  store_.put(key);
  find("old");
  find("new");
  store_.down = true;
  after(minutes(10));
  EXPECT_EQ(outcome("old"), KeyOutcome::unknown);
  EXPECT_EQ(outcome("new"), KeyOutcome::found);
}

TEST_F(KeyDirectory, KeyHashedUnderTheFormerPepperIsFoundAndThenCached) {
  store_.put(a_key("a"));
  hasher_.current_pepper = 2;
  EXPECT_EQ(outcome("a"), KeyOutcome::unknown);
  hasher_.former_pepper = 1;
  after(seconds(10));
  EXPECT_EQ(outcome("a"), KeyOutcome::found);
  const int asked = store_.questions();
  EXPECT_EQ(outcome("a"), KeyOutcome::found);
  EXPECT_EQ(store_.questions(), asked);
}

TEST_F(KeyDirectory, KeyHashedUnderTheFormerPepperIsBroughtUnderTheCurrentOneByItsUse) {
  store_.put(a_key("a"));
  hasher_.current_pepper = 2;
  hasher_.former_pepper = 1;
  find("a");
  store_.down = true;
  directory_.flush_uses().run_now();
  EXPECT_TRUE(store_.hashes_renewed.empty());
  store_.down = false;
  after(minutes(6));
  find("a");
  directory_.flush_uses().run_now();
  ASSERT_EQ(store_.hashes_renewed.size(), 1U);
  EXPECT_EQ(store_.hashes_renewed[0].key, key_id);
  EXPECT_EQ(store_.hashes_renewed[0].former, PlainHasher::spelled(1, "a"));
  EXPECT_EQ(store_.hashes_renewed[0].current, PlainHasher::spelled(2, "a"));
  directory_.flush_uses().run_now();
  EXPECT_EQ(store_.hashes_renewed.size(), 1U);
}

TEST_F(KeyDirectory, WhatIsRememberedIsToldWithoutAsking) {
  store_.put(a_key("a"));
  EXPECT_FALSE(directory_.recall("a"));
  find("a");
  find("nobody");
  const int asked = store_.questions();
  EXPECT_EQ(directory_.recall("a")->outcome, KeyOutcome::found);
  EXPECT_EQ(directory_.recall("nobody")->outcome, KeyOutcome::unknown);
  EXPECT_EQ(store_.questions(), asked);
}

// ---- bounds and uses ----------------------------------------------------------------------------------------------

TEST_F(KeyDirectory, MemoryIsBoundedWhateverIsAskedFor) {
  const KeyCacheLimits small{.keys_max = 64, .unknown_max = 64};
  CachingKeyDirectory directory(store_, hasher_, clock_, feed_, small);
  for (std::uint64_t number = 0; number < 1000; ++number) {
    const std::string secret = "known " + std::to_string(number);
    store_.put(a_key(secret, KeyId{{1, number}}));
    EXPECT_EQ(directory.find(secret).run_now().outcome, KeyOutcome::found);
    EXPECT_EQ(directory.find("unknown " + std::to_string(number)).run_now().outcome, KeyOutcome::unknown);
  }
  EXPECT_LE(directory.counts().cached, 128U);
  EXPECT_GE(directory.counts().cached, 64U);
}

TEST_F(KeyDirectory, UseIsWrittenAtMostOnceAMinute) {
  const auto use_and_flush = [this] {
    directory_.note_use(key_id, clock_.wall_now());
    directory_.flush_uses().run_now();
  };
  const WallTime first = clock_.wall_now();
  use_and_flush();
  after(seconds(59));
  use_and_flush();
  ASSERT_EQ(store_.uses_written.size(), 1U);
  EXPECT_EQ(store_.uses_written[0], (KeyUses::Uses{{key_id, first}}));
  after(seconds(1));
  directory_.note_use(key_id, clock_.wall_now());
  after(seconds(5));
  use_and_flush();
  ASSERT_EQ(store_.uses_written.size(), 2U);
  EXPECT_EQ(store_.uses_written[1], (KeyUses::Uses{{key_id, clock_.wall_now()}}));
}

TEST_F(KeyDirectory, UseThatCouldNotBeWrittenIsWrittenLater) {
  directory_.note_use(key_id, clock_.wall_now());
  store_.down = true;
  directory_.flush_uses().run_now();
  store_.down = false;
  directory_.flush_uses().run_now();
  ASSERT_EQ(store_.uses_written.size(), 1U);
  EXPECT_EQ(store_.uses_written[0].size(), 1U);
}

TEST_F(KeyDirectory, ManyUsesAreWrittenInPortions) {
  for (std::uint64_t number = 0; number < 2500; ++number)
    directory_.note_use(KeyId{{number, number}}, clock_.wall_now());
  directory_.flush_uses().run_now();
  std::size_t written = 0;
  for (const auto& batch : store_.uses_written) {
    EXPECT_LE(batch.size(), 1000U);
    written += batch.size();
  }
  EXPECT_EQ(written, 2500U);
}

TEST_F(KeyDirectory, CountsSayWhatHappened) {
  store_.put(a_key("a"));
  find("a");
  find("a");
  find("nobody");
  store_.down = true;
  find("never seen");
  const KeyDirectoryCounts counts = directory_.counts();
  EXPECT_EQ(counts.hits, 1U);
  EXPECT_EQ(counts.misses, 1U);
  EXPECT_EQ(counts.unknown, 1U);
  EXPECT_EQ(counts.unavailable, 1U);
  EXPECT_EQ(counts.stale, 0U);
  EXPECT_EQ(counts.cached, 2U);
}

}  // namespace
}  // namespace obleth::adapters
