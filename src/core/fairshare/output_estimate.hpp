// How long answers are: a learned mean per tenant and model, with the model's mean standing in until there is one.
//
// Exponential means (1/10), in integers. What clients declare as max_tokens is only ever a ceiling: believing it would
// punish the generous and reward those who inflate it. Bounded: the pair that has not learned for longest makes room.
// Thread: that of the engine.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/fairshare/chain.hpp"
#include "core/fairshare/share_node.hpp"
#include "core/fairshare/slot_array.hpp"
#include "domain/ids.hpp"

namespace obleth::fairshare {

class OutputEstimates {
 public:
  static constexpr std::size_t pairs_max = 262'144;

  void learn(TenantId tenant, ModelIndex model, std::int64_t output_tokens);
  [[nodiscard]] std::optional<std::int64_t> mean(TenantId tenant, ModelIndex model) const;

 private:
  enum class PairIndex : std::uint32_t { none = 0xFFFF'FFFF };
  struct Name {
    TenantId tenant;
    ModelIndex model;
    bool operator==(const Name&) const = default;
    friend std::size_t hash_value(const Name& name) {
      return hash_value(name.tenant) + static_cast<std::size_t>(name.model) * 0x9E3779B97F4A7C15ULL;
    }
  };
  struct Pair {
    Name name{};
    std::int64_t mean = 0;  // in 1/256 tokens
    Links<PairIndex> by_age;
  };

  Pair& pair_of(const Name& name);

  SlotArray<Pair, PairIndex> pairs_;
  boost::unordered_flat_map<Name, PairIndex> known_;
  Chain<PairIndex> oldest_first_;
  std::vector<std::int64_t> model_means_;  // by ModelIndex; negative: nothing learned
};

}  // namespace obleth::fairshare
