#include "admin/fairshare_names.hpp"

#include "adapters/caching/scripted_store_test.hpp"
#include "admin/api_fixture_test.hpp"

namespace obleth::admin {
namespace {

TEST(FairshareNames, WhatWasNamedOnceIsNamedOnWhileTheRecordDoesNotAnswer) {
  adapters::ScriptedStore store;
  adapters::HandClock clock;
  RecordingFeed feed;
  CountingEntropy entropy;
  const adapters::KeyHasher hasher{std::nullopt, std::nullopt};
  const adapters::AesGcmSealer sealer{std::nullopt, std::nullopt};
  const Dependencies given{
      .store = store, .feed = feed, .clock = clock, .entropy = entropy, .hasher = hasher, .sealer = sealer};
  RecordDesk desk(given);
  FairshareNameBook book(desk);
  const TenantId tenant{{0, 1}};
  const FairshareIds ids{.tenants = {tenant}};
  const auto name_now = [&book, &ids, tenant] { return book.names_of(ids).run_now()->tenant(tenant); };

  store.tenants = {{.id = tenant, .name = "chat"}};
  EXPECT_EQ(name_now(), "chat");
  store.down = true;
  for (int round = 0; round < 5; ++round) {
    clock.elapsed += std::chrono::minutes(1);
    EXPECT_EQ(name_now(), "chat");
  }
  store.down = false;
  store.tenants[0].name = "renamed";
  clock.elapsed += std::chrono::minutes(1);
  EXPECT_EQ(name_now(), "renamed");
}

}  // namespace
}  // namespace obleth::admin
