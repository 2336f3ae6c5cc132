#include "gateway/configuration_follower.hpp"

#include <gtest/gtest.h>

#include "adapters/caching/caching_model_catalog.hpp"
#include "adapters/caching/scripted_store_test.hpp"
#include "adapters/crypto/aes_gcm_sealer.hpp"
#include "adapters/sqlite/sqlite_record_store.hpp"
#include "gateway/gateway_fixture.hpp"

namespace obleth::gateway {
namespace {

// A record in memory with the tenant, key and model of the fixture, and a gateway whose one slot is taken.
class ConfigurationFollowerTest : public testing::Test {
 protected:
  static constexpr std::uint32_t default_slots = 1;

  ConfigurationFollowerTest() {
    Group group = gateway_.who().group;
    group.name = "their-group";
    commit(ports::PutGroup{group, true});
    commit(ports::PutTenant{gateway_.who().tenant, true});
    commit(ports::PutKey{gateway_.who().key, true});
    commit(ports::PutModel{gateway_.model(), true});
    gateway_.upstream.always_answers(ScriptedAnswer{.head_takes = hours(1)});
  }

  // Everything about the record happens in place, as on a thread without a loop.
  template <class T>
  T in_place(Task<T> task) {
    ports::Loop::set_current(nullptr);
    T done = std::move(task).run_now();
    ports::Loop::set_current(&gateway_.loop);
    return done;
  }
  void commit(ports::Write write) {
    ports::Transaction transaction;
    transaction.writes.push_back(std::move(write));
    const auto committed = in_place(store_->commit(std::move(transaction)));
    EXPECT_TRUE(committed) << committed.error().message;
  }
  void follow(ports::Change change) { EXPECT_TRUE(in_place(follower_.follow(std::move(change)))); }
  void load() { EXPECT_TRUE(in_place(follower_.load())); }
  [[nodiscard]] fairshare::Snapshot snapshot() { return gateway_.desk.snapshot(gateway_.loop.now()); }

  std::unique_ptr<Conversation> queue_one() {
    running_ = gateway_.begin(chat());
    auto waiting = gateway_.begin(chat());
    EXPECT_EQ(gateway_.desk.queued(), 1U);
    return waiting;
  }
  void expect_refused(const Conversation& waiting, int status) {
    gateway_.loop.advance(Duration{0});
    EXPECT_TRUE(waiting.ended);
    EXPECT_EQ(waiting.client.status, status);
  }

  TestGateway gateway_{{.admission = {.capacity = default_slots}}};
  adapters::AesGcmSealer sealer_{std::nullopt, std::nullopt};
  std::unique_ptr<adapters::SqliteRecordStore> store_ =
      std::move(*adapters::SqliteRecordStore::open({.path = ":memory:"}, sealer_));
  adapters::CachingModelCatalog catalog_{*store_};
  LoopClock clock_{gateway_.loop};
  StoredSettings applied_;
  ConfigurationFollower follower_{{.store = *store_,
                                   .catalog = catalog_,
                                   .clock = clock_,
                                   .default_capacity = default_slots,
                                   .reload_catalog = [this] { return catalog_.reload(); },
                                   .apply_settings = [this](const auto& stored) { applied_ = stored; }},
                                  gateway_.desk,
                                  gateway_.endpoints};
  std::unique_ptr<Conversation> running_;
};

TEST_F(ConfigurationFollowerTest, CapacityIsTheRecordsAndElseTheDefault) {
  commit(ports::PutSetting{"capacity", "77"});
  load();
  EXPECT_EQ(snapshot().capacity, 77U);
  commit(ports::PutSetting{"capacity", std::nullopt});
  follow(ports::SettingsChanged{});
  EXPECT_EQ(snapshot().capacity, default_slots);
}

TEST_F(ConfigurationFollowerTest, OtherSettingsAreHandedOn) {
  commit(ports::PutSetting{"log_level", "debug"});
  load();
  EXPECT_EQ(applied_, (StoredSettings{{"log_level", "debug"}}));
}

TEST_F(ConfigurationFollowerTest, MoreCapacityServesWhatIsQueued) {
  load();
  const auto waiting = queue_one();
  commit(ports::PutSetting{"capacity", "2"});
  follow(ports::SettingsChanged{});
  gateway_.loop.advance(Duration{0});
  EXPECT_EQ(gateway_.desk.queued(), 0U);
  EXPECT_EQ(gateway_.upstream.requests.size(), 2U);
}

TEST_F(ConfigurationFollowerTest, BrownoutSettingsActOnWhatIsQueued) {
  load();
  const auto first = queue_one();
  const auto second = gateway_.begin(chat());
  const auto let_one_go = [&](const std::string& capacity) {
    commit(ports::PutSetting{"capacity", capacity});
    follow(ports::SettingsChanged{});
    gateway_.loop.advance(Duration{0});
    return gateway_.upstream.requests.back().body;
  };
  Model model = gateway_.model();
  model.brownout_max_tokens = 10;
  commit(ports::PutModel{model});
  follow(ports::ModelsChanged{});
  gateway_.loop.advance(seconds(20));
  EXPECT_NE(let_one_go("2").find(R"("max_tokens":50})"), std::string::npos);
  Tenant tenant = gateway_.who().tenant;
  tenant.brownout = BrownoutPolicy::never;
  commit(ports::PutTenant{tenant});
  follow(ports::TenantChanged{tenant.id});
  EXPECT_NE(let_one_go("3").find(R"("max_tokens":100})"), std::string::npos);
}

TEST_F(ConfigurationFollowerTest, AModelThatIsDisabledOrDeletedRefusesItsQueue) {
  load();
  const auto waiting = queue_one();
  Model model = gateway_.model();
  model.enabled = false;
  commit(ports::PutModel{model});
  follow(ports::ModelsChanged{});
  expect_refused(*waiting, 403);

  model.enabled = true;
  commit(ports::PutModel{model});
  follow(ports::ModelsChanged{});
  const auto next = gateway_.begin(chat());
  EXPECT_EQ(gateway_.desk.queued(), 1U);
  commit(ports::DeleteModel{model.id});
  follow(ports::ModelsChanged{});
  expect_refused(*next, 403);
}

TEST_F(ConfigurationFollowerTest, AnotherEndpointServesAtOnceWhoWaitsForOneThatDoesNotWork) {
  commit(ports::PutSetting{"capacity", "4"});
  load();
  Model model = gateway_.model();
  for (int failure = 0; failure < 5; ++failure)
    gateway_.endpoints.choose(model, {}, gateway_.loop.now())->visit.failed(gateway_.loop.now());
  const auto trying = gateway_.begin(chat());
  const auto waiting = gateway_.begin(chat());
  EXPECT_EQ(gateway_.desk.queued(), 1U);
  model.endpoints.push_back({.id = EndpointId{{5, 2}}, .api_base = "http://two:8000/v1"});
  commit(ports::PutModel{model});
  follow(ports::ModelsChanged{});
  EXPECT_EQ(gateway_.desk.queued(), 0U);
}

TEST_F(ConfigurationFollowerTest, ATenantThatIsSuspendedOrDeletedIsRefusedInTheQueue) {
  load();
  const auto waiting = queue_one();
  Tenant tenant = gateway_.who().tenant;
  tenant.status = TenantStatus::suspended;
  commit(ports::PutTenant{tenant});
  follow(ports::TenantChanged{tenant.id});
  expect_refused(*waiting, 403);

  const auto next = gateway_.begin(chat());
  commit(ports::DeleteTenant{tenant.id});
  follow(ports::TenantChanged{tenant.id});
  expect_refused(*next, 403);
}

TEST_F(ConfigurationFollowerTest, AKeyThatIsDisabledIsRefusedInTheQueue) {
  load();
  const auto waiting = queue_one();
  ApiKey key = gateway_.who().key;
  key.disabled = true;
  commit(ports::PutKey{key});
  follow(ports::KeyChanged{.key = key.id, .tenant = key.tenant});
  expect_refused(*waiting, 403);
}

TEST_F(ConfigurationFollowerTest, NewsThatNobodyHeardAreReadWhole) {
  load();
  const auto waiting = queue_one();
  Tenant tenant = gateway_.who().tenant;
  tenant.status = TenantStatus::archived;
  commit(ports::PutTenant{tenant});
  follow(ports::EverythingChanged{});
  expect_refused(*waiting, 403);
  commit(ports::PutSetting{"capacity", "9"});
  follow(ports::EverythingChanged{});
  EXPECT_EQ(snapshot().capacity, 9U);
}

TEST_F(ConfigurationFollowerTest, WhatNobodyHeardOfABusyKeyIsReadToo) {
  commit(ports::PutSetting{"capacity", "9"});
  load();
  const auto running = gateway_.begin(chat());
  ApiKey key = gateway_.who().key;
  key.quota.max_in_flight = 1;
  commit(ports::PutKey{key});
  follow(ports::EverythingChanged{});
  const auto waiting = gateway_.begin(chat());
  EXPECT_EQ(gateway_.desk.queued(), 1U);

  key.disabled = true;
  commit(ports::PutKey{key});
  follow(ports::KeyChanged{.key = key.id, .tenant = key.tenant});
  expect_refused(*waiting, 403);
  key = gateway_.who().key;
  commit(ports::PutKey{key});
  follow(ports::EverythingChanged{});
  const auto next = gateway_.begin(chat());
  EXPECT_EQ(gateway_.desk.in_flight(), 2U);
}

TEST_F(ConfigurationFollowerTest, WhatCannotBeReadChangesNothingAndIsTold) {
  load();
  const auto waiting = queue_one();
  adapters::ScriptedStore down;
  down.down = true;
  ConfigurationFollower follower({.store = down,
                                  .catalog = catalog_,
                                  .clock = clock_,
                                  .default_capacity = 50,
                                  .reload_catalog = [this] { return catalog_.reload(); },
                                  .apply_settings = {}},
                                 gateway_.desk, gateway_.endpoints);
  for (const ports::Change& change : std::initializer_list<ports::Change>{
           ports::TenantChanged{gateway_.who().tenant.id}, ports::SettingsChanged{}, ports::GroupsChanged{},
           ports::KeyChanged{.key = gateway_.who().key.id, .tenant = gateway_.who().tenant.id},
           ports::EverythingChanged{}})
    EXPECT_FALSE(in_place(follower.follow(change)));
  EXPECT_EQ(gateway_.desk.queued(), 1U);
  EXPECT_EQ(snapshot().capacity, default_slots);
}

}  // namespace
}  // namespace obleth::gateway
