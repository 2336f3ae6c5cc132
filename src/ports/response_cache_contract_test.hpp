// What every ResponseCache owes its callers, as one suite that each adapter's tests instantiate:
//
//   INSTANTIATE_TEST_SUITE_P(Memory, ResponseCacheContract, testing::Values(ResponseCacheFactory{…}));
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "ports/clock.hpp"
#include "ports/response_cache.hpp"

namespace obleth::adapters {

// A clock that stands still.
class SetClock final : public ports::Clock {
 public:
  [[nodiscard]] Instant now() const override { return now_; }
  [[nodiscard]] WallTime wall_now() const override { return {1'700'000'000'000 + whole_ms(now_.since_start())}; }
  void pass(Duration span) { now_ = now_ + span; }

 private:
  Instant now_;
};

inline ports::AnswerName nth_name(std::uint64_t number) {
  ports::AnswerName name{};
  for (std::size_t at = 0; at < 8; ++at)
    name[at] = static_cast<std::uint8_t>(number >> (8 * at));
  return name;
}

inline std::shared_ptr<const ports::KeptAnswer> an_answer(WallTime now, std::string body,
                                                          Duration lifetime = std::chrono::minutes(5)) {
  return std::make_shared<const ports::KeptAnswer>(
      ports::KeptAnswer{.head_lines = "Content-Type: text/event-stream\r\nX-A: 1\r\n",
                        .body = std::move(body),
                        .event_stream = true,
                        .usage = {.prompt = {11}, .cached = {3}, .output = {22}, .reasoning = {4}},
                        .kept_at = now,
                        .expires_at = {now.unix_ms + whole_ms(lifetime)}});
}

// A cache with what it stands on.
class ResponseCacheRig {
 public:
  virtual ~ResponseCacheRig() = default;
  [[nodiscard]] virtual WallTime now() = 0;
  virtual std::shared_ptr<const ports::KeptAnswer> recall(const ports::AnswerName& name) = 0;
  virtual void keep(const ports::AnswerName& name, std::shared_ptr<const ports::KeptAnswer> answer) = 0;
  // Lets time pass until it is not there any more.
  virtual void outlive(const ports::AnswerName& name, Duration lifetime) = 0;
};

using ResponseCacheFactory = std::function<std::unique_ptr<ResponseCacheRig>()>;

class ResponseCacheContract : public ::testing::TestWithParam<ResponseCacheFactory> {
 protected:
  std::unique_ptr<ResponseCacheRig> rig_ = GetParam()();
};

TEST_P(ResponseCacheContract, WhatWasKeptComesBackAsItWas) {
  EXPECT_EQ(rig_->recall(nth_name(1)), nullptr);
  const std::string every_byte = std::string("data: \0\r\n\xff", 10) + std::string(300, 'x');
  const auto kept = an_answer(rig_->now(), every_byte);
  rig_->keep(nth_name(1), kept);
  const auto found = rig_->recall(nth_name(1));
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(*found, *kept);
  EXPECT_EQ(rig_->recall(nth_name(2)), nullptr);
}

TEST_P(ResponseCacheContract, TheLongestAnswerIsKept) {
  const auto kept = an_answer(rig_->now(), std::string(ports::kept_body_bytes_max, 'x'));
  rig_->keep(nth_name(1), kept);
  const auto found = rig_->recall(nth_name(1));
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(*found, *kept);
}

TEST_P(ResponseCacheContract, AnEmptyAnswerIsOne) {
  rig_->keep(nth_name(1), std::make_shared<const ports::KeptAnswer>(
                              ports::KeptAnswer{.expires_at = {rig_->now().unix_ms + 60'000}}));
  EXPECT_NE(rig_->recall(nth_name(1)), nullptr);
}

TEST_P(ResponseCacheContract, ALaterAnswerTakesTheFormersPlace) {
  rig_->keep(nth_name(1), an_answer(rig_->now(), "former"));
  rig_->keep(nth_name(1), an_answer(rig_->now(), "later"));
  const auto found = rig_->recall(nth_name(1));
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->body, "later");
}

TEST_P(ResponseCacheContract, AnAnswerIsForgottenWhenItsTimeIsOver) {
  constexpr Duration lifetime = std::chrono::milliseconds(200);
  rig_->keep(nth_name(2), an_answer(rig_->now(), "lasting"));
  rig_->keep(nth_name(1), an_answer(rig_->now(), "passing", lifetime));
  rig_->outlive(nth_name(1), lifetime);
  EXPECT_EQ(rig_->recall(nth_name(1)), nullptr);
  EXPECT_NE(rig_->recall(nth_name(2)), nullptr);
}

TEST_P(ResponseCacheContract, WhatIsOverAlreadyIsNotKept) {
  rig_->keep(nth_name(1), an_answer(rig_->now(), "late", Duration::zero()));
  rig_->keep(nth_name(1), an_answer(rig_->now(), "later", -std::chrono::seconds(5)));
  EXPECT_EQ(rig_->recall(nth_name(1)), nullptr);
}

}  // namespace obleth::adapters
