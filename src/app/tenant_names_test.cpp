#include "app/tenant_names.hpp"

#include <gtest/gtest.h>

#include "adapters/caching/scripted_store_test.hpp"
#include "ports/posting_loop.hpp"

namespace obleth::app {
namespace {

constexpr int rounds_enough = 30;  // more than twice as many as names are kept for

class TenantNamesTest : public testing::Test {
 protected:
  TenantNamesTest() {
    store_.tenants = {{.id = {{0, 1}}, .name = "one"}, {.id = {{0, 2}}, .name = "two"}};
    for (const Tenant& tenant : store_.tenants)
      snapshot_.tenants.push_back({.tenant = tenant.id});
    refresh();
  }
  void refresh() { names_.refresh(snapshot_).run_now(); }
  Task<void> refresh_until(bool& ended) {
    co_await names_.refresh(snapshot_);
    ended = true;
  }
  void expect_both() {
    EXPECT_EQ(names_.name_of({{0, 1}}), "one");
    EXPECT_EQ(names_.name_of({{0, 2}}), "two");
  }

  adapters::ScriptedStore store_;
  fairshare::Snapshot snapshot_;
  TenantNames names_{store_};
};

TEST_F(TenantNamesTest, StayAsLongAsTheRecordDoesNotAnswer) {
  store_.down = true;
  for (int round = 0; round < rounds_enough; ++round) {
    refresh();
    expect_both();
  }
}

TEST_F(TenantNamesTest, AreNeverMissingWhileTheyAreReadAnew) {
  for (int round = 0; round < rounds_enough; ++round) {
    ports::PostingLoop loop;
    bool ended = false;
    store_.hold();
    loop.begin(refresh_until(ended));
    expect_both();
    store_.release();
    while (!ended)
      loop.turn_once();
    expect_both();
  }
}

TEST_F(TenantNamesTest, FollowTheRecord) {
  store_.tenants[0].name = "another";
  store_.tenants.pop_back();
  for (int round = 0; round < rounds_enough; ++round)
    refresh();
  EXPECT_EQ(names_.name_of({{0, 1}}), "another");
  EXPECT_EQ(names_.name_of({{0, 2}}), "");
}

}  // namespace
}  // namespace obleth::app
