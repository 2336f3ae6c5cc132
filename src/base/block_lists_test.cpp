#include "base/block_lists.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

namespace obleth {
namespace {

struct Block {
  void* at;
  std::size_t bytes;
};

// Opened, and empty again in the end.
class BlockListsTest : public ::testing::Test {
 protected:
  BlockListsTest() { lists_->open(); }
  ~BlockListsTest() override { lists_->close(); }

  Block take_filled(std::size_t bytes, unsigned char filling) {
    void* block = lists_->take(bytes);
    std::memset(block, filling, bytes);
    return {block, bytes};
  }
  void give(const Block& block) {
    if (!lists_->give(block.at, block.bytes)) std::free(block.at);
  }

  std::unique_ptr<BlockLists> lists_ = std::make_unique<BlockLists>();
};

bool is_filled(const Block& block, unsigned char filling) {
  const auto* bytes = static_cast<const unsigned char*>(block.at);
  for (std::size_t at = 0; at < block.bytes; ++at) {
    if (bytes[at] != filling) return false;
  }
  return true;
}

TEST_F(BlockListsTest, BlocksInUseNeverOverlap) {
  std::vector<Block> blocks;
  for (int round = 0; round < 3; ++round) {
    for (std::size_t bytes = 0; bytes <= BlockLists::block_bytes_max + 300; bytes += 7)
      blocks.push_back(take_filled(bytes, static_cast<unsigned char>(blocks.size())));
    for (std::size_t at = 0; at < blocks.size(); ++at)
      EXPECT_TRUE(is_filled(blocks[at], static_cast<unsigned char>(at))) << "block " << at;
    for (const Block& block : blocks)
      give(block);
    blocks.clear();
  }
}

TEST_F(BlockListsTest, WhatWasGivenIsTakenAgainBySameSize) {
  const Block first = take_filled(100, 1);
  give(first);
  const Block other = take_filled(200, 2);
  EXPECT_NE(other.at, first.at);
  const Block again = take_filled(97, 3);
  EXPECT_EQ(again.at, first.at);
  give(other);
  give(again);
}

TEST_F(BlockListsTest, NoMoreBytesAreKeptThanTheBound) {
  constexpr std::size_t bytes = 1000;
  std::vector<Block> blocks;
  for (std::size_t taken = 0; taken < 2 * BlockLists::kept_bytes_max; taken += bytes)
    blocks.push_back(take_filled(bytes, 1));
  std::size_t kept = 0;
  for (const Block& block : blocks) {
    if (lists_->give(block.at, block.bytes)) {
      ++kept;
    } else {
      std::free(block.at);
    }
  }
  EXPECT_GT(kept, 0U);
  EXPECT_LE(kept * bytes, BlockLists::kept_bytes_max);
}

TEST_F(BlockListsTest, LargeBlocksAndThoseOfClosedListsAreNotKept) {
  const Block large = take_filled(BlockLists::block_bytes_max + 100, 1);
  EXPECT_FALSE(lists_->give(large.at, large.bytes));
  std::free(large.at);
  const Block small = take_filled(64, 1);
  lists_->close();
  EXPECT_FALSE(lists_->give(small.at, small.bytes));
  std::free(small.at);
}

}  // namespace
}  // namespace obleth
