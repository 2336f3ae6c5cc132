#include "ports/batch_rows.hpp"

#include <gtest/gtest.h>

#include <string>

namespace obleth::ports {
namespace {

void fill(BatchRows& rows, std::size_t count) {
  for (std::size_t row = 0; row < count; ++row)
    rows.add().endpoint.assign(100, 'e');
}

TEST(BatchRows, ABatchIsWrittenIntoWhatTheOneBeforeLeft) {
  const auto shelf = std::make_shared<RowShelf>();
  const UsageRecord* first = nullptr;
  {
    BatchRows rows(shelf);
    fill(rows, 8);
    BatchRows given(std::move(rows));
    first = given.begin();
    EXPECT_EQ(given.size(), 8U);
    EXPECT_TRUE(rows.empty());  // NOLINT(bugprone-use-after-move): what is left gives nothing back
  }
  BatchRows next(shelf);
  EXPECT_TRUE(next.empty());
  EXPECT_EQ(&next.add(), first);
  EXPECT_GE(next.begin()->endpoint.capacity(), 100U);
  EXPECT_EQ(next.size(), 1U);
  next.drop_last();
  EXPECT_TRUE(next.empty());
}

TEST(BatchRows, BatchesAtOneTimeHaveTheirOwnRecords) {
  const auto shelf = std::make_shared<RowShelf>();
  BatchRows one(shelf);
  BatchRows other(shelf);
  fill(one, 2);
  fill(other, 3);
  EXPECT_NE(one.begin(), other.begin());
  other = std::move(one);
  EXPECT_EQ(other.size(), 2U);
}

TEST(BatchRows, MuchMoreMemoryThanIsNeededIsGivenBack) {
  const auto shelf = std::make_shared<RowShelf>();
  {
    BatchRows rows(shelf);
    fill(rows, 100);
  }
  {
    BatchRows rows(shelf);
    fill(rows, 1);
  }
  EXPECT_TRUE(shelf->take().empty());
}

TEST(BatchRows, ACopyHoldsTheRowsAlone) {
  const auto shelf = std::make_shared<RowShelf>();
  BatchRows rows(shelf);
  fill(rows, 3);
  rows.drop_last();
  {
    const BatchRows copy(rows);
    EXPECT_EQ(copy.size(), 2U);
    EXPECT_EQ(copy.begin()->endpoint, rows.begin()->endpoint);
  }
  EXPECT_TRUE(shelf->take().empty());
}

}  // namespace
}  // namespace obleth::ports
