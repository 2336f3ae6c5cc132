#include "core/fairshare/output_estimate.hpp"

#include <algorithm>

namespace obleth::fairshare {

namespace {

constexpr std::int64_t fraction = 256;
constexpr std::int64_t smoothing = 10;                      // weight of the past: 9/10
constexpr std::int64_t tokens_max = std::int64_t{1} << 40;  // beyond this a count is not believed
constexpr std::int64_t nothing = -1;

void approach(std::int64_t& mean, std::int64_t tokens) {
  const std::int64_t sample = tokens * fraction;
  mean = mean == nothing ? sample : mean + (sample - mean) / smoothing;
}

}  // namespace

void OutputEstimates::learn(TenantId tenant, ModelIndex model, std::int64_t output_tokens) {
  const std::int64_t tokens = std::clamp<std::int64_t>(output_tokens, 0, tokens_max);
  const auto at = static_cast<std::size_t>(model);
  if (model_means_.size() <= at) model_means_.resize(at + 1, nothing);
  approach(model_means_[at], tokens);
  approach(pair_of({tenant, model}).mean, tokens);
}

OutputEstimates::Pair& OutputEstimates::pair_of(const Name& name) {
  PairIndex index = PairIndex::none;
  if (const auto found = known_.find(name); found != known_.end()) {
    index = found->second;
    oldest_first_.unlink<&Pair::by_age>(pairs_, index);
  } else {
    if (known_.size() >= pairs_max) {
      const PairIndex oldest = oldest_first_.front();
      oldest_first_.unlink<&Pair::by_age>(pairs_, oldest);
      known_.erase(pairs_[oldest].name);
      pairs_.give_back(oldest);
    }
    index = pairs_.take();
    pairs_[index] = {.name = name, .mean = nothing, .by_age = {}};
    known_.emplace(name, index);
  }
  oldest_first_.push_back<&Pair::by_age>(pairs_, index);
  return pairs_[index];
}

std::optional<std::int64_t> OutputEstimates::mean(TenantId tenant, ModelIndex model) const {
  if (const auto found = known_.find(Name{tenant, model}); found != known_.end()) {
    return pairs_[found->second].mean / fraction;
  }
  const auto at = static_cast<std::size_t>(model);
  if (at >= model_means_.size() || model_means_[at] == nothing) return std::nullopt;
  return model_means_[at] / fraction;
}

}  // namespace obleth::fairshare
