// The models of the pool: their caps, costs, clocks and how fast they drain.
//
// A model that no event has described yet has default settings; so has the nil model, which stands for all that is not
// registered. Thread: that of the engine.
#pragma once

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <vector>

#include "core/fairshare/drain_rate.hpp"
#include "core/fairshare/events.hpp"
#include "core/fairshare/gpu_clock.hpp"
#include "core/fairshare/share_node.hpp"
#include "domain/ids.hpp"

namespace obleth::fairshare {

// Of a model that no endpoint is known to serve.
inline constexpr std::uint32_t tries_at_a_time = 1;

struct ModelState {
  ModelId id;
  ModelSettings settings;
  bool admits = true;
  bool eligible = true;  // an endpoint works
  bool is_gone = false;  // deleted, to be forgotten once nothing runs; the same id is another model from now on
  bool in_use = true;
  bool is_guessed = false;  // caps stand for the lengths of its answers: none has been learned
  std::uint32_t in_flight = 0;
  std::uint32_t queued = 0;
  GpuClock gpu;
  DrainRate drain;

  [[nodiscard]] bool open() const {
    const std::uint32_t most = settings.max_in_flight.value_or(unlimited);
    return in_flight < (eligible ? most : std::min(most, tries_at_a_time));
  }
  [[nodiscard]] ModelGate gate() const {
    if (!open()) return ModelGate::closed;
    return eligible ? ModelGate::open : ModelGate::tried;
  }
  // To be called before anything that is said of it changes.
  void observe_drain(Instant now) { drain.advance(now, eligible && !open() && queued > 0); }
};

class ModelTable {
 public:
  // The index of a model, and whether it was met for the first time.
  struct Found {
    ModelIndex index;
    bool is_new;
  };

  Found find_or_add(ModelId id, Instant now) {
    const auto [entry, is_new] = indexes_.try_emplace(id, static_cast<ModelIndex>(models_.size()));
    if (!is_new) return {entry->second, false};
    if (free_.empty()) {
      models_.emplace_back();
    } else {
      entry->second = free_.back();
      free_.pop_back();
    }
    (*this)[entry->second] = {.id = id, .drain = DrainRate(now)};
    return {entry->second, true};
  }
  // Not found by its id any more; what still runs ends at its index.
  void let_go(ModelIndex index) {
    (*this)[index].is_gone = true;
    indexes_.erase((*this)[index].id);
  }
  void give_back(ModelIndex index) {
    (*this)[index].in_use = false;
    free_.push_back(index);
  }
  [[nodiscard]] ModelIndex find(ModelId id) const {
    const auto found = indexes_.find(id);
    return found == indexes_.end() ? ModelIndex::none : found->second;
  }

  [[nodiscard]] ModelState& operator[](ModelIndex index) { return models_[static_cast<std::size_t>(index)]; }
  [[nodiscard]] const ModelState& operator[](ModelIndex index) const {
    return models_[static_cast<std::size_t>(index)];
  }
  [[nodiscard]] auto begin() { return models_.begin(); }
  [[nodiscard]] auto end() { return models_.end(); }
  [[nodiscard]] auto begin() const { return models_.begin(); }
  [[nodiscard]] auto end() const { return models_.end(); }

 private:
  std::vector<ModelState> models_;
  std::vector<ModelIndex> free_;
  boost::unordered_flat_map<ModelId, ModelIndex> indexes_;
};

}  // namespace obleth::fairshare
