// How long answers are: a learned mean per tenant and model, with the model's mean standing in until there is one.
//
// Exponential means (1/10), in integers. What clients declare as max_tokens is only ever a ceiling: believing it would
// punish the generous and reward those who inflate it. Bounded: the pair that was met first makes room and learns anew.
// A pair is looked up once and its place kept. Thread: that of the engine.
#pragma once

#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/fairshare/share_node.hpp"
#include "domain/ids.hpp"

namespace obleth::fairshare {

class OutputEstimates {
 public:
  OutputEstimates() = default;
  OutputEstimates(const OutputEstimates&) = delete;
  OutputEstimates& operator=(const OutputEstimates&) = delete;

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
  // Something was learned of the model, whoever asked.
  [[nodiscard]] bool knows(ModelIndex model) const { return mean_of(model).has_value(); }
  // The index will stand for another model.
  void forget(ModelIndex model);

 private:
  struct Pair {
    TenantId tenant;
    ModelIndex model{};
    std::uint32_t incarnation = 0;  // of the model's index
    bool operator==(const Pair&) const = default;
  };
  struct Entry {
    Pair pair;
    std::int64_t mean = 0;  // in 1/256 tokens; negative: nothing learned
    std::uint32_t generation = 1;
  };
  struct ModelMean {
    std::int64_t mean = -1;  // as above
    std::uint32_t incarnation = 0;
  };
  struct Hash {
    using is_transparent = void;
    const OutputEstimates* all = nullptr;
    std::size_t operator()(const Pair& pair) const {
      return hash_value(pair.tenant) + static_cast<std::size_t>(pair.model) * 0x9E3779B97F4A7C15ULL;
    }
    std::size_t operator()(std::uint32_t at) const { return (*this)(all->entries_[at].pair); }
  };
  struct Same {
    using is_transparent = void;
    const OutputEstimates* all = nullptr;
    bool operator()(std::uint32_t one, std::uint32_t other) const { return one == other; }
    bool operator()(const Pair& pair, std::uint32_t at) const { return all->entries_[at].pair == pair; }
    bool operator()(std::uint32_t at, const Pair& pair) const { return all->entries_[at].pair == pair; }
  };

  [[nodiscard]] std::uint32_t place_for(const Pair& pair);
  [[nodiscard]] Pair pair_of(TenantId tenant, ModelIndex model) const;
  [[nodiscard]] std::optional<std::int64_t> mean_of(ModelIndex model) const;
  ModelMean& of_model(ModelIndex model);

  boost::unordered_flat_set<std::uint32_t, Hash, Same> places_{0, Hash{this}, Same{this}};
  std::vector<Entry> entries_;  // by place; a ring once all are taken
  std::size_t next_ = 0;
  std::vector<ModelMean> model_means_;  // by ModelIndex
};

}  // namespace obleth::fairshare
