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

EstimatePlace OutputEstimates::place_of(TenantId tenant, ModelIndex model) {
  static_cast<void>(of_model(model));
  const Pair pair = pair_of(tenant, model);
  const auto found = places_.find(pair);
  const std::uint32_t at = found == places_.end() ? place_for(pair) : *found;
  return {.at = at, .generation = entries_[at].generation};
}

std::uint32_t OutputEstimates::place_for(const Pair& pair) {
  auto at = static_cast<std::uint32_t>(entries_.size());
  if (at < pairs_max) {
    entries_.push_back({.pair = pair, .mean = nothing});
  } else {
    at = static_cast<std::uint32_t>(next_);
    next_ = (next_ + 1) % pairs_max;
    places_.erase(at);
    entries_[at] = {.pair = pair, .mean = nothing, .generation = entries_[at].generation + 1};
  }
  places_.insert(at);
  return at;
}

OutputEstimates::Pair OutputEstimates::pair_of(TenantId tenant, ModelIndex model) const {
  const auto at = static_cast<std::size_t>(model);
  return {.tenant = tenant, .model = model, .incarnation = at < model_means_.size() ? model_means_[at].incarnation : 0};
}

OutputEstimates::ModelMean& OutputEstimates::of_model(ModelIndex model) {
  const auto at = static_cast<std::size_t>(model);
  if (model_means_.size() <= at) model_means_.resize(at + 1);
  return model_means_[at];
}

void OutputEstimates::forget(ModelIndex model) {
  ModelMean& forgotten = of_model(model);
  forgotten = {.mean = nothing, .incarnation = forgotten.incarnation + 1};
}

void OutputEstimates::learn(EstimatePlace place, ModelIndex model, std::int64_t output_tokens) {
  const std::int64_t tokens = std::clamp<std::int64_t>(output_tokens, 0, tokens_max);
  approach(of_model(model).mean, tokens);
  if (!stale(place)) approach(entries_[place.at].mean, tokens);
}

std::optional<std::int64_t> OutputEstimates::mean(EstimatePlace place, ModelIndex model) const {
  const std::int64_t mean = stale(place) ? nothing : entries_[place.at].mean;
  return mean == nothing ? mean_of(model) : mean / fraction;
}

std::optional<std::int64_t> OutputEstimates::mean(TenantId tenant, ModelIndex model) const {
  const auto found = places_.find(pair_of(tenant, model));
  if (found == places_.end()) return mean_of(model);
  return mean(EstimatePlace{.at = *found, .generation = entries_[*found].generation}, model);
}

std::optional<std::int64_t> OutputEstimates::mean_of(ModelIndex model) const {
  const auto at = static_cast<std::size_t>(model);
  if (at >= model_means_.size() || model_means_[at].mean == nothing) return std::nullopt;
  return model_means_[at].mean / fraction;
}

}  // namespace obleth::fairshare
