#include "adapters/memory/change_feed.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace obleth::adapters {
namespace {

TEST(InProcessChangeFeed, EveryListenerHearsEveryChangeInOrder) {
  InProcessChangeFeed feed;
  std::vector<std::size_t> first;
  std::vector<std::size_t> second;
  feed.subscribe([&first](const ports::Change& change) { first.push_back(change.index()); });
  feed.subscribe([&second](const ports::Change& change) { second.push_back(change.index()); });
  const ports::Change models = ports::ModelsChanged{};
  const ports::Change key = ports::KeyChanged{KeyId{{1, 2}}, TenantId{{3, 4}}};
  feed.publish(models);
  feed.publish(key);
  EXPECT_EQ(first, (std::vector{models.index(), key.index()}));
  EXPECT_EQ(second, first);
}

TEST(InProcessChangeFeed, ListenerMayPublishAndSubscribe) {
  InProcessChangeFeed feed;
  int heard = 0;
  feed.subscribe([&](const ports::Change& change) {
    if (!std::holds_alternative<ports::EverythingChanged>(change)) return;
    feed.subscribe([&heard](const ports::Change&) { ++heard; });
    feed.publish(ports::ModelsChanged{});
  });
  feed.publish(ports::EverythingChanged{});
  EXPECT_EQ(heard, 1);
}

TEST(InProcessChangeFeed, ThreadsPublishAtOnce) {
  InProcessChangeFeed feed;
  std::atomic<int> heard = 0;
  feed.subscribe([&heard](const ports::Change&) { ++heard; });
  {
    std::vector<std::jthread> publishers;
    for (int publisher = 0; publisher < 4; ++publisher) {
      publishers.emplace_back([&feed] {
        for (int change = 0; change < 500; ++change)
          feed.publish(ports::GroupsChanged{});
      });
    }
  }
  EXPECT_EQ(heard, 2000);
}

}  // namespace
}  // namespace obleth::adapters
