#include "core/fairshare/drain_rate.hpp"

#include <algorithm>

#include "core/fairshare/virtual_account.hpp"

namespace obleth::fairshare {

namespace {

constexpr Duration window = std::chrono::milliseconds(250);
constexpr std::int64_t ns_per_s = 1'000'000'000;
constexpr std::int64_t time_constant = 40;  // windows: 10 s
constexpr std::int64_t slack_parts = 8;     // a window counts though nothing waited for an eighth of it
constexpr std::int64_t windows_max = 1000;  // after these the past no longer counts

}  // namespace

void DrainRate::advance(Instant now, bool saturated) {
  if (!saturated) slack_ += now - advanced_at_;
  advanced_at_ = now;
  const Duration elapsed = now - window_start_;
  if (elapsed < window) return;
  const std::int64_t rate = scaled(std::max<std::int64_t>(in_window_, 0), ns_per_s, elapsed.count());
  if (done_per_second_ == 0) done_per_second_ = per_second_ = rate;
  const bool was_saturated = slack_ <= elapsed / slack_parts;
  const std::int64_t windows = std::min(elapsed / window, windows_max);
  for (std::int64_t i = 0; i < windows; ++i) {
    done_per_second_ += (rate - done_per_second_) / time_constant;
    if (!was_saturated) continue;
    saturated_windows_ = std::min(saturated_windows_ + 1, time_constant);
    per_second_ += (rate - per_second_) / saturated_windows_;
  }
  per_second_ = std::max(per_second_, was_saturated ? 0 : done_per_second_);
  in_window_ = std::min<std::int64_t>(in_window_, 0);  // what was taken back is still owed
  window_start_ = now;
  slack_ = Duration{0};
}

}  // namespace obleth::fairshare
