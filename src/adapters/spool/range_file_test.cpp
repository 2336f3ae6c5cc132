#include "adapters/spool/range_file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <random>

#include "adapters/spool/spool_fixture_test.hpp"

namespace obleth::adapters {
namespace {

constexpr std::uint32_t seed = 77;

class RangeFileTest : public testing::Test {
 protected:
  RangeFileTest() { std::filesystem::create_directories(place_.folder()); }
  [[nodiscard]] std::filesystem::path path() const { return place_.folder() / "one.rng"; }
  [[nodiscard]] RangeFile open() const {
    RangeFile file(FileDescriptor(::open(path().c_str(), O_RDWR | O_CREAT, 0600)), seed);
    file.load();
    return file;
  }

  SpoolPlace place_;
};

TEST_F(RangeFileTest, FixedRangesAndTheirAcknowledgementsOutliveTheProcess) {
  {
    RangeFile file = open();
    ASSERT_TRUE(file.fix(64, 100).has_value());
    ASSERT_TRUE(file.fix(100, 250).has_value());
    ASSERT_TRUE(file.fix(250, 251).has_value());
    file.acknowledge(1);
  }
  const RangeFile file = open();
  ASSERT_EQ(file.ranges().size(), 3U);
  EXPECT_EQ(file.ranges()[1].begin, 100U);
  EXPECT_EQ(file.ranges()[1].end, 250U);
  EXPECT_FALSE(file.ranges()[0].acknowledged);
  EXPECT_TRUE(file.ranges()[1].acknowledged);
  EXPECT_FALSE(file.ranges()[2].acknowledged);
}

TEST_F(RangeFileTest, ARangeThatWasNotWrittenToItsEndWasNeverFixed) {
  {
    RangeFile file = open();
    ASSERT_TRUE(file.fix(64, 100).has_value());
    ASSERT_TRUE(file.fix(100, 250).has_value());
  }
  for (std::uintmax_t size = 2 * RangeFile::slot_bytes - 1; size > RangeFile::slot_bytes; --size) {
    std::filesystem::resize_file(path(), size);
    RangeFile file = open();
    ASSERT_EQ(file.ranges().size(), 1U);
    ASSERT_TRUE(file.fix(100, 200).has_value());
    EXPECT_EQ(open().ranges().at(1).end, 200U);
  }
}

TEST_F(RangeFileTest, ADamagedRangeIsWhatItsNeighboursLeave) {
  {
    RangeFile file = open();
    for (std::uint64_t at = 0; at < 4; ++at)
      ASSERT_TRUE(file.fix(64 + at * 10, 74 + at * 10).has_value());
  }
  const std::string whole = SpoolPlace::bytes_of(path());
  for (std::size_t at = 0; at < 3 * RangeFile::slot_bytes; ++at) {
    if (at % RangeFile::slot_bytes >= 28) continue;  // the mark, and what is not used
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    SpoolPlace::write(path(), damaged);
    const RangeFile file = open();
    ASSERT_EQ(file.ranges().size(), 4U);
    for (std::uint64_t slot = 0; slot < 4; ++slot) {
      EXPECT_EQ(file.ranges()[slot].begin, 64 + slot * 10);
      EXPECT_EQ(file.ranges()[slot].end, 74 + slot * 10);
    }
  }
}

}  // namespace
}  // namespace obleth::adapters
