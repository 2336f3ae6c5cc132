// The shares of the last hours: a snapshot every few seconds, the oldest making room for the newest.
//
// Bounded in moments and in tenants of each: 6 hours at 10 s, the 50 busiest; so at most some 20 MB. Thread: that of
// its owner.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "core/fairshare/admission.hpp"

namespace obleth::fairshare {

struct PastSnapshot {
  WallTime at;
  Snapshot shares;
};

struct HistoryRange {
  std::optional<WallTime> since;  // from here on
  std::optional<WallTime> until;  // before this
  std::size_t limit = 0;          // moments
};

// Leaves those with most requests, then those that received most; how many there were.
std::size_t keep_busiest(std::vector<NodeShare>& tenants, std::size_t tenants_max);

class ShareHistory {
 public:
  static constexpr Duration period = std::chrono::seconds(10);
  static constexpr std::size_t moments_max = 2160;
  static constexpr std::size_t tenants_max = 50;

  void keep(WallTime at, Snapshot shares);
  // The latest first.
  [[nodiscard]] std::vector<std::shared_ptr<const PastSnapshot>> within(const HistoryRange& range) const;

 private:
  std::deque<std::shared_ptr<const PastSnapshot>> moments_;
};

}  // namespace obleth::fairshare
