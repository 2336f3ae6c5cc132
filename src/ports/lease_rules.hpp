// The rules by which the store hands out leases, said in C++: what simulated replicas ask, and what the script in Redis
// is compared with. For tests. Thread: that of its owner.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/instant.hpp"
#include "ports/peers.hpp"

namespace obleth::ports {

class LeaseRules {
 public:
  PeerNews exchange(const PeerReport& report, std::int64_t now_ms) {
    if (epoch_ == 0) {
      epoch_ = entries_ = static_cast<std::uint64_t>(now_ms);
      // Who knew another state may not be the only one: nobody takes more until all others have spoken or lost theirs.
      quiet_until_ms_ = report.epoch == 0 ? 0 : now_ms + whole_ms(lease_time_in_store);
    }
    std::erase_if(members_, [&](const auto& entry) {
      const auto& [replica, member] = entry;
      const bool is_followed = replica != report.replica && member.place == report.place && !member.place.empty();
      return member.expires_ms + (is_followed ? 0 : whole_ms(withheld_time)) <= now_ms;
    });
    const auto known = members_.find(report.replica);
    const bool is_old = known != members_.end() && report.sequence <= known->second.sequence;
    if (!is_old) accept(report, now_ms);
    return news_for(report, now_ms);
  }
  // Everything is lost, as by FLUSHALL.
  void flush() { *this = {}; }

 private:
  struct Member {
    std::uint64_t sequence = 0;
    std::uint64_t batch = 0;
    std::uint32_t lease = 0;
    std::uint32_t held = 0;
    std::uint32_t wanted = 0;
    std::int64_t expires_ms = 0;
    std::string place;
    std::string demands;
  };
  struct Entry {
    std::uint64_t number = 0;
    std::string replica;
    std::string work;
  };

  void accept(const PeerReport& report, std::int64_t now_ms) {
    const std::uint64_t told = members_.contains(report.replica) ? members_[report.replica].batch : 0;
    if (!report.work.empty() && report.batch > told) {
      log_.push_back({++entries_, report.replica, report.work});
      if (log_.size() > told_work_max) log_.erase(log_.begin());
    }
    if (report.leaves) {
      members_.erase(report.replica);
      return;
    }
    Member& self = members_[report.replica];
    self = {.sequence = report.sequence,
            .batch = std::max(told, report.batch),
            .held = report.held,
            .wanted = report.wanted,
            .expires_ms = now_ms + whole_ms(lease_time_in_store),
            .place = report.place,
            .demands = report.demands};
    const std::uint32_t part = report.capacity / static_cast<std::uint32_t>(members_.size());
    const bool has_heard = report.epoch != epoch_ || now_ms < report.heard_at_ms + whole_ms(unheard_max);
    if (!has_heard) self.held = std::max(self.held, part);
    std::int64_t free = report.capacity;   // of what others may use now
    std::int64_t spare = report.capacity;  // and of what they would have
    for (const auto& [replica, member] : members_) {
      if (replica == report.replica) continue;
      const bool present = now_ms < member.expires_ms;
      const std::uint32_t used = present ? std::max(member.lease, member.held) : part;
      free -= used;
      spare -= present ? std::max(used, member.wanted) : part;
    }
    if (now_ms < quiet_until_ms_) free = std::min<std::int64_t>(free, report.held);
    const std::int64_t lease =
        std::min(std::max<std::int64_t>(report.wanted, std::min<std::int64_t>(report.useful, spare)), free);
    self.lease = static_cast<std::uint32_t>(std::max<std::int64_t>(lease, 0));
  }

  [[nodiscard]] PeerNews news_for(const PeerReport& report, std::int64_t now_ms) const {
    PeerNews news{.epoch = epoch_, .told_at_ms = now_ms, .replicas = static_cast<std::uint32_t>(members_.size())};
    for (const auto& [replica, member] : members_) {
      if (replica == report.replica) {
        news.lease = member.lease;
      } else if (now_ms < member.expires_ms) {
        news.peers.push_back({replica, member.demands});
      }
    }
    const std::uint64_t heard = report.heard.empty() ? entries_ : std::stoull(report.heard);
    for (const Entry& entry : log_) {
      if (entry.number > heard && entry.replica != report.replica) news.work.push_back(entry.work);
    }
    news.heard = std::to_string(entries_);
    return news;
  }

  std::uint64_t epoch_ = 0;
  std::int64_t quiet_until_ms_ = 0;
  std::map<std::string, Member> members_;
  std::vector<Entry> log_;
  std::uint64_t entries_ = 0;
};

}  // namespace obleth::ports
