// What past answers of one tenant on one model teach: how wrong the input estimate is, how long answers get, how fast
// they come. Bounded: the pair unused for longest is forgotten beyond pairs_max.
//
// Pure, integers; guarded by its owner (gateway/estimates).
#pragma once

#include <cstdint>
#include <memory>

#include "base/instant.hpp"
#include "domain/ids.hpp"

namespace obleth::accounting {

inline constexpr std::size_t history_pairs_max = 8'192;   // of one history; the gateway keeps eight
inline constexpr std::int64_t hold_before_samples = 512;  // output tokens held until samples_min answers are known
inline constexpr std::uint32_t hold_samples_min = 20;

class UsageHistory {
 public:
  UsageHistory();
  ~UsageHistory();
  UsageHistory(const UsageHistory&) = delete;
  UsageHistory& operator=(const UsageHistory&) = delete;

  // The estimate times the learned ratio true / estimated (exponentially weighted, clamped to 0.25 – 4). At least 1.
  [[nodiscard]] std::int64_t corrected_input(TenantId tenant, ModelId model, std::int64_t estimated) const;
  // p90 of recent outputs, never above the bound; min(bound, 512) before 20 samples.
  [[nodiscard]] std::int64_t hold_output(TenantId tenant, ModelId model, std::int64_t bound) const;
  // Output tokens that a request of this age has probably produced: elapsed ÷ learned time per token; 0 before the
  // first.
  [[nodiscard]] std::int64_t probable_output(TenantId tenant, ModelId model, Duration elapsed) const;

  // The truth of one complete answer. estimated: before correction.
  void learn_input(TenantId tenant, ModelId model, std::int64_t estimated, std::int64_t truth);
  void learn_output(TenantId tenant, ModelId model, std::int64_t output, Duration took);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace obleth::accounting
