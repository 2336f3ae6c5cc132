#include "domain/usage_record.hpp"

#include <gtest/gtest.h>

namespace obleth {
namespace {

TEST(UsageRecord, OutcomesHaveTheWordsOfTheLedger) {
  EXPECT_STREQ(to_text(AdmissionOutcome::fast), "fast");
  EXPECT_STREQ(to_text(AdmissionOutcome::queued), "queued");
  EXPECT_STREQ(to_text(AdmissionOutcome::brownout), "brownout");
  EXPECT_STREQ(to_text(AdmissionOutcome::refused), "refused");
  EXPECT_STREQ(to_text(UsageSource::upstream), "upstream");
  EXPECT_STREQ(to_text(UsageSource::counted), "counted");
  EXPECT_STREQ(to_text(UsageSource::estimated), "estimated");
  EXPECT_STREQ(to_text(CacheOutcome::off), "off");
  EXPECT_STREQ(to_text(CacheOutcome::miss), "miss");
  EXPECT_STREQ(to_text(CacheOutcome::hit), "hit");
}

}  // namespace
}  // namespace obleth
