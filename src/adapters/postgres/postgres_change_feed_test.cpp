#include "adapters/postgres/postgres_change_feed.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "adapters/crypto/aes_gcm_sealer.hpp"
#include "adapters/memory/change_feed.hpp"
#include "adapters/postgres/test_database_test.hpp"
#include "ports/change_text.hpp"

namespace obleth::adapters {
namespace {

// One replica: a store, its feed, and what was heard.
class Replica {
 public:
  Replica(const PostgresAddress& address, std::uint64_t number)
      : store_(std::move(*PostgresRecordStore::open(address, sealer_, {.deadlines = patient}))),
        feed_(*store_, local_, address, {.replica = {1, number}, .deadlines = patient}) {
    local_.subscribe([this](const ports::Change& change) {
      const std::lock_guard lock(mutex_);
      heard_.push_back(ports::text_of_change(change));
    });
  }
  ~Replica() = default;
  Replica(const Replica&) = delete;
  Replica& operator=(const Replica&) = delete;

  void tell(const ports::Change& change) {
    feed_.publish(change);
    EXPECT_TRUE(feed_.tell_replicas({change}).run_now());
  }
  ports::RecordStore& store() { return *store_; }
  // Whether this comes, however long it takes.
  bool hears(const std::string& text) {
    return seen_in_time([&] { return times_heard(text) > 0; });
  }
  std::size_t times_heard(const std::string& text) {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::ranges::count(heard_, text));
  }

 private:
  AesGcmSealer sealer_{EncryptionKey(EncryptionKey::Bytes{1}), std::nullopt};
  std::unique_ptr<PostgresRecordStore> store_;
  std::mutex mutex_;
  std::vector<std::string> heard_;
  InProcessChangeFeed local_;
  PostgresChangeFeed feed_;
};

// Until it listens, what is published is not heard: so it is published until it is.
bool reaches(Replica& from, Replica& to, const ports::Change& change) {
  return seen_in_time([&] {
    from.tell(change);
    return to.times_heard(ports::text_of_change(change)) > 0;
  });
}

TEST(PostgresChangeFeed, ChangeReachesTheOtherReplicaAndItsOwnListenersOnce) {
  const PostgresAddress address = test_server().address(test_server().make_database());
  Replica one(address, 1);
  Replica two(address, 2);
  ASSERT_TRUE(reaches(one, two, ports::ModelsChanged{}));
  ASSERT_TRUE(reaches(two, one, ports::GroupsChanged{}));
  const ports::Change change = ports::KeyChanged{KeyId{{3, 4}}, TenantId{{1, 2}}};
  one.tell(change);
  EXPECT_EQ(one.times_heard(ports::text_of_change(change)), 1U);  // at once
  EXPECT_TRUE(two.hears(ports::text_of_change(change)));
  // What one published last came after everything before it: nothing of its own comes back to it.
  ASSERT_TRUE(reaches(two, one, ports::SettingsChanged{}));
  EXPECT_EQ(one.times_heard(ports::text_of_change(change)), 1U);
}

TEST(PostgresChangeFeed, WhatABrokenConnectionMissedIsTakenToBeEverything) {
  const PostgresAddress address = test_server().address(test_server().make_database());
  Replica one(address, 1);
  Replica two(address, 2);
  ASSERT_TRUE(reaches(one, two, ports::ModelsChanged{}));
  PostgresSession operator_session(address, patient);
  operator_session.connect();
  // A change without a word, and the connections cut in the same moment.
  operator_session.execute(
      "UPDATE meta SET value = value + 1 WHERE name = 'version'; SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
      " WHERE datname = current_database() AND pid <> pg_backend_pid()");
  EXPECT_TRUE(two.hears("everything"));
  EXPECT_TRUE(one.hears("everything"));
}

}  // namespace
}  // namespace obleth::adapters
