#include "adapters/redis/later_questions.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "mock/fake_loop.hpp"

namespace obleth::adapters {
namespace {

using std::chrono::seconds;

// Who was asked about, and how long after the beginning.
class LaterQuestionsTest : public testing::Test {
 protected:
  using Asked = std::vector<std::pair<TenantId, Duration>>;

  void add(TenantId tenant) { later_.add({.tenant = tenant, .account = tenant, .before = {}}); }
  Task<bool> note(SpendingQuestion question) {
    asked_.emplace_back(question.tenant, loop_.now() - began_);
    co_return !silent_;
  }

  mock::FakeLoop loop_;
  const Instant began_ = loop_.now();
  Asked asked_;
  bool silent_ = false;
  LaterQuestions later_{loop_, [this](SpendingQuestion question) { return note(std::move(question)); }};
};

constexpr TenantId early{{0, 1}};
constexpr TenantId late{{0, 2}};

TEST_F(LaterQuestionsTest, AnAccountIsAskedAboutFourTimesWithGrowingPauses) {
  add(early);
  loop_.advance(seconds(1000));
  EXPECT_EQ(asked_, (Asked{{early, seconds(2)}, {early, seconds(7)}, {early, seconds(37)}, {early, seconds(157)}}));
}

TEST_F(LaterQuestionsTest, WhileNobodyAnswersOneIsAskedAboutForAllAndNoneIsForgotten) {
  silent_ = true;
  add(early);
  add(late);
  loop_.advance(seconds(1000));
  EXPECT_EQ(asked_.size(), 200U) << "one each five seconds";
  asked_.clear();
  silent_ = false;
  loop_.advance(seconds(5));
  EXPECT_EQ(asked_.size(), 2U);
  loop_.advance(seconds(1000));
  EXPECT_EQ(asked_.size(), 8U) << "four times each";
}

TEST_F(LaterQuestionsTest, AFreshOneDoesNotWaitForTheLongPauseOfAnother) {
  add(early);
  loop_.advance(seconds(40));
  asked_.clear();
  add(late);
  loop_.advance(seconds(10));
  EXPECT_EQ(asked_, (Asked{{late, seconds(42)}, {late, seconds(47)}}));
}

}  // namespace
}  // namespace obleth::adapters
