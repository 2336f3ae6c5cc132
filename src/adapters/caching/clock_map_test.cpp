#include "adapters/caching/clock_map.hpp"

#include <gtest/gtest.h>

namespace obleth::adapters {
namespace {

TEST(ClockMap, HoldsNoMoreThanItsMaximum) {
  ClockMap<int, int> map(10);
  for (int key = 0; key < 1000; ++key) {
    map.put(key, key * 2);
    ASSERT_EQ(*map.find(key), key * 2);
  }
  EXPECT_EQ(map.size(), 10U);
}

TEST(ClockMap, WhatIsUsedOutlivesWhatIsNot) {
  ClockMap<int, int> map(10);
  map.put(-1, 7);
  for (int key = 0; key < 500; ++key) {
    map.put(key, key);
    ASSERT_NE(map.find(-1), nullptr) << "after " << key;
  }
}

TEST(ClockMap, PutReplacesAndEraseMakesRoom) {
  ClockMap<int, int> map(2);
  map.put(1, 10);
  map.put(1, 11);
  map.put(2, 20);
  EXPECT_EQ(*map.find(1), 11);
  map.erase(1);
  map.erase(99);
  EXPECT_EQ(map.find(1), nullptr);
  map.put(3, 30);
  EXPECT_EQ(*map.find(2), 20);
  EXPECT_EQ(*map.find(3), 30);
}

TEST(ClockMap, ClearForgetsAllAndMayBeFilledAgain) {
  ClockMap<int, int> map(3);
  for (int key = 0; key < 5; ++key)
    map.put(key, key);
  map.clear();
  EXPECT_EQ(map.size(), 0U);
  for (int key = 0; key < 5; ++key)
    map.put(key, key);
  EXPECT_EQ(map.size(), 3U);
}

}  // namespace
}  // namespace obleth::adapters
