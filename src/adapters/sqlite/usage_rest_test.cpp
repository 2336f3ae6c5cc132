#include "adapters/sqlite/usage_rest.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "ports/usage_ledger_fixture_test.hpp"

namespace obleth::adapters {
namespace {

std::span<const std::uint8_t> bytes_of(const std::string& packed) {
  return {reinterpret_cast<const std::uint8_t*>(packed.data()), packed.size()};
}

std::string packed(const UsageRecord& record, const UsageNumbers& numbers) {
  std::string bytes;
  pack_rest(record, numbers, bytes);
  return bytes;
}

UsageRecord a_full_record() {
  UsageRecord record = a_row(1);
  record.ttft_ms = 0;
  record.brownout_cap = std::numeric_limits<std::int64_t>::max();
  record.fairshare_key = std::numeric_limits<std::int64_t>::min();
  record.cost = {-1};
  record.weight = std::numeric_limits<std::uint32_t>::max();
  record.mcp_tool = std::string("a\0b", 3);
  return record;
}

TEST(UsageRest, SaysWhatItWasTold) {
  const UsageRecord record = a_full_record();
  const UsageNumbers numbers{.endpoint = 3, .error_code = 1LL << 40, .mcp_server = 7};
  UsageRecord again;
  UsageNumbers numbers_again;
  ASSERT_TRUE(unpack_rest(bytes_of(packed(record, numbers)), again, numbers_again));
  EXPECT_EQ(packed(again, numbers_again), packed(record, numbers));
  EXPECT_EQ(again.ttft_ms, 0);
  EXPECT_EQ(again.brownout_cap, record.brownout_cap);
  EXPECT_EQ(again.fairshare_key, record.fairshare_key);
  EXPECT_EQ(again.cost, record.cost);
  EXPECT_EQ(again.weight, record.weight);
  EXPECT_EQ(again.mcp_tool, record.mcp_tool);
  EXPECT_EQ(again.upstream_model, record.upstream_model);
  EXPECT_EQ(numbers_again.error_code, numbers.error_code);
}

TEST(UsageRest, ShorterBytesOfAnEarlierVersionLeaveTheLaterFieldsEmpty) {
  UsageRecord record = a_full_record();
  record.mcp_method.clear();
  record.mcp_tool.clear();
  const std::string whole = packed(record, {});
  UsageRecord again;
  UsageNumbers numbers;
  ASSERT_TRUE(unpack_rest(bytes_of(whole.substr(0, whole.size() - 2)), again, numbers));
  EXPECT_EQ(packed(again, numbers), whole);
}

TEST(UsageRest, BytesThatEndWithinAValueAreRefusedAndReadNoFurther) {
  const std::string whole = packed(a_full_record(), {});
  UsageRecord again;
  UsageNumbers numbers;
  EXPECT_FALSE(unpack_rest(bytes_of(whole.substr(0, whole.size() - 1)), again, numbers));  // within the last text
  EXPECT_FALSE(unpack_rest(bytes_of(std::string(1, '\x05')), again, numbers));
  EXPECT_FALSE(unpack_rest(bytes_of(std::string(11, '\xFF')), again, numbers));
}

}  // namespace
}  // namespace obleth::adapters
