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
  const Pair pair{tenant, model};
  if (const auto found = means_.find(pair); found != means_.end()) {
    approach(found->second, tokens);
    return;
  }
  make_room_for(pair);
  means_.emplace(pair, tokens * fraction);
}

void OutputEstimates::make_room_for(const Pair& pair) {
  if (in_order_.size() < pairs_max) {
    in_order_.push_back(pair);
    return;
  }
  means_.erase(in_order_[next_]);
  in_order_[next_] = pair;
  next_ = (next_ + 1) % pairs_max;
}

std::optional<std::int64_t> OutputEstimates::mean(TenantId tenant, ModelIndex model) const {
  if (const auto found = means_.find(Pair{tenant, model}); found != means_.end()) return found->second / fraction;
  const auto at = static_cast<std::size_t>(model);
  if (at >= model_means_.size() || model_means_[at] == nothing) return std::nullopt;
  return model_means_[at] / fraction;
}

}  // namespace obleth::fairshare
