// How long answers are: a learned mean per tenant and model, with the model's mean standing in until there is one.
//
// Exponential means (1/10), in integers. What clients declare as max_tokens is only ever a ceiling: believing it would
// punish the generous and reward those who inflate it. Bounded: the pair that was met first makes room and learns anew.
// A pair is looked up once and its place kept. Thread: that of the engine.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/fairshare/share_node.hpp"
#include "domain/ids.hpp"

namespace obleth::fairshare {

class OutputEstimates {
 public:
  static constexpr std::size_t pairs_max = 262'144;

  // Where a pair keeps its mean; the place of a pair that made room is stale: it teaches the model alone.
  [[nodiscard]] EstimatePlace place_of(TenantId tenant, ModelIndex model);
  [[nodiscard]] bool stale(EstimatePlace place) const {
    return place.generation == 0 || entries_[place.at].generation != place.generation;
  }
  void learn(EstimatePlace place, ModelIndex model, std::int64_t output_tokens);
  [[nodiscard]] std::optional<std::int64_t> mean(EstimatePlace place, ModelIndex model) const;
  // Without making a place.
  [[nodiscard]] std::optional<std::int64_t> mean(TenantId tenant, ModelIndex model) const;

 private:
  struct Pair {
    TenantId tenant;
    ModelIndex model{};
    bool operator==(const Pair&) const = default;
    friend std::size_t hash_value(const Pair& pair) {
      return hash_value(pair.tenant) + static_cast<std::size_t>(pair.model) * 0x9E3779B97F4A7C15ULL;
    }
  };

  struct Entry {
    std::int64_t mean = 0;  // in 1/256 tokens; negative: nothing learned
    std::uint32_t generation = 1;
  };

  [[nodiscard]] std::uint32_t place_for(const Pair& pair);
  [[nodiscard]] std::optional<std::int64_t> mean_of(ModelIndex model) const;

  boost::unordered_flat_map<Pair, std::uint32_t> places_;
  std::vector<Entry> entries_;
  std::vector<Pair> pairs_;  // by place, which is a ring once all are taken
  std::size_t next_ = 0;
  std::vector<std::int64_t> model_means_;  // by ModelIndex; negative: nothing learned
};

}  // namespace obleth::fairshare
