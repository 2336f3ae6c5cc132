#include "observe/repeat_limiter.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace obleth::observe {

std::optional<std::uint64_t> RepeatLimiter::admit(std::string_view subject, Duration period, Instant now) {
  const std::scoped_lock lock(mutex_);
  if (subjects_.size() >= subjects_max) forget_oldest();
  const auto [found, is_new] = subjects_.try_emplace(std::string(subject), Subject{now, 0});
  if (is_new) return 0;
  if (now - found->second.last < period) {
    ++found->second.kept_back;
    return std::nullopt;
  }
  return std::exchange(found->second, Subject{now, 0}).kept_back;
}

void RepeatLimiter::forget_oldest() {
  std::vector<Instant> times;
  times.reserve(subjects_.size());
  for (const auto& [name, subject] : subjects_)
    times.push_back(subject.last);
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::ranges::nth_element(times, middle);
  const Instant bound = *middle;
  std::erase_if(subjects_, [bound](const auto& entry) { return entry.second.last <= bound; });
}

}  // namespace obleth::observe
