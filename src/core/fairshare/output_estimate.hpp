// How long answers are: a learned mean per tenant and model, with the model's mean standing in until there is one.
//
// Exponential means (1/10), in integers. What clients declare as max_tokens is only ever a ceiling: believing it would
// punish the generous and reward those who inflate it. Bounded: the pair that was met first makes room and learns anew.
// Thread: that of the engine.
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

  void learn(TenantId tenant, ModelIndex model, std::int64_t output_tokens);
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

  void make_room_for(const Pair& pair);

  boost::unordered_flat_map<Pair, std::int64_t> means_;  // in 1/256 tokens
  std::vector<Pair> in_order_;                           // a ring once it is full
  std::size_t next_ = 0;
  std::vector<std::int64_t> model_means_;  // by ModelIndex; negative: nothing learned
};

}  // namespace obleth::fairshare
