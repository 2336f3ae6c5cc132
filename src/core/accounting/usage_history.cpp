#include "core/accounting/usage_history.hpp"

#include <algorithm>
#include <array>
#include <list>
#include <span>
#include <unordered_map>
#include <utility>

#include "domain/tokens.hpp"

namespace obleth::accounting {
namespace {

// Fixed point: a ratio of 1. So fine that what is always the same is learned to the token.
constexpr std::int64_t one = 1 << 24;
constexpr std::int64_t ratio_min = one / 4;
constexpr std::int64_t ratio_max = one * 4;
constexpr std::int64_t samples_averaged = 8;  // plain mean until then, afterwards exponential with weight 1/8
constexpr std::size_t outputs_kept = 32;

// A mean that follows what is new.
class MovingMean {
 public:
  void add(std::int64_t sample) {
    samples_ = std::min(samples_ + 1, samples_averaged);
    value_ += (sample - value_) / samples_;
  }
  [[nodiscard]] bool has_samples() const { return samples_ > 0; }
  [[nodiscard]] std::int64_t value() const { return value_; }

 private:
  std::int64_t samples_ = 0;
  std::int64_t value_ = 0;
};

// The last outputs, and the one that nine in ten do not exceed.
class RecentOutputs {
 public:
  void add(std::int64_t output) {
    const std::int64_t gone = std::exchange(outputs_[added_ % outputs_kept], output);
    ++added_;
    // One in the place of another on the same side leaves the rank where it was.
    const bool same_side = gone == output || (gone < p90_ && output < p90_) || (gone > p90_ && output > p90_);
    if (added_ > outputs_kept && same_side) return;
    auto sorted = outputs_;
    const std::span kept(sorted.data(), std::min<std::size_t>(added_, outputs_kept));
    const std::size_t rank = (kept.size() * 9 + 9) / 10 - 1;  // nearest rank
    std::ranges::nth_element(kept, kept.begin() + static_cast<std::ptrdiff_t>(rank));
    p90_ = kept[rank];
  }
  [[nodiscard]] bool enough() const { return added_ >= hold_samples_min; }
  [[nodiscard]] std::int64_t p90() const { return p90_; }

 private:
  std::array<std::int64_t, outputs_kept> outputs_{};
  std::uint64_t added_ = 0;
  std::int64_t p90_ = 0;
};

struct Pair {
  TenantId tenant;
  ModelId model;
  bool operator==(const Pair&) const = default;
};

struct PairHash {
  std::size_t operator()(const Pair& pair) const {
    constexpr std::size_t odd = 0x9E3779B97F4A7C15ULL;
    return hash_value(pair.tenant) * odd ^ hash_value(pair.model);
  }
};

struct Learned {
  Pair pair;
  MovingMean input_ratio;
  MovingMean ns_per_token;
  RecentOutputs outputs;
};

}  // namespace

// Most recently used first.
struct UsageHistory::State {
  std::list<Learned> pairs;
  std::unordered_map<Pair, std::list<Learned>::iterator, PairHash> by_pair;

  // Null: nothing is known.
  const Learned* find(const Pair& pair) {
    const auto found = by_pair.find(pair);
    if (found == by_pair.end()) return nullptr;
    pairs.splice(pairs.begin(), pairs, found->second);
    return &pairs.front();
  }

  Learned& find_or_add(const Pair& pair) {
    if (find(pair) != nullptr) return pairs.front();
    if (pairs.size() == history_pairs_max) {
      by_pair.erase(pairs.back().pair);
      pairs.pop_back();
    }
    pairs.push_front({.pair = pair, .input_ratio = {}, .ns_per_token = {}, .outputs = {}});
    by_pair.emplace(pair, pairs.begin());
    return pairs.front();
  }
};

UsageHistory::UsageHistory() : state_(std::make_unique<State>()) {}
UsageHistory::~UsageHistory() = default;

std::int64_t UsageHistory::corrected_input(TenantId tenant, ModelId model, std::int64_t estimated) const {
  const Learned* const learned = state_->find({tenant, model});
  const std::int64_t ratio =
      learned != nullptr && learned->input_ratio.has_samples() ? learned->input_ratio.value() : one;
  // In two parts, so that only what is beyond any real prompt saturates.
  const std::int64_t whole = saturating_multiply(estimated / one, ratio);
  return std::max<std::int64_t>(1, saturating_add(whole, (estimated % one * ratio + one / 2) / one));
}

std::int64_t UsageHistory::hold_output(TenantId tenant, ModelId model, std::int64_t bound) const {
  const Learned* const learned = state_->find({tenant, model});
  const bool known = learned != nullptr && learned->outputs.enough();
  return std::min(bound, known ? std::max<std::int64_t>(1, learned->outputs.p90()) : hold_before_samples);
}

std::int64_t UsageHistory::probable_output(TenantId tenant, ModelId model, Duration elapsed) const {
  const Learned* const learned = state_->find({tenant, model});
  if (learned == nullptr || !learned->ns_per_token.has_samples() || elapsed <= Duration{0}) return 0;
  return elapsed.count() / std::max<std::int64_t>(1, learned->ns_per_token.value());
}

void UsageHistory::learn_input(TenantId tenant, ModelId model, std::int64_t estimated, std::int64_t truth) {
  if (estimated <= 0 || truth <= 0) return;
  const std::int64_t ratio = saturating_multiply(truth, one) / estimated;
  state_->find_or_add({tenant, model}).input_ratio.add(std::clamp(ratio, ratio_min, ratio_max));
}

void UsageHistory::learn_output(TenantId tenant, ModelId model, std::int64_t output, Duration took) {
  Learned& learned = state_->find_or_add({tenant, model});
  learned.outputs.add(std::max<std::int64_t>(output, 0));
  if (output > 0 && took > Duration{0}) learned.ns_per_token.add(took.count() / output);
}

}  // namespace obleth::accounting
