// Watches all invariants of a world while it runs: the cheap ones after every step of time, the others once a second.
#pragma once

#include "sim/invariants/caps_hold.hpp"
#include "sim/invariants/cost_conserved.hpp"
#include "sim/invariants/hard_bound.hpp"
#include "sim/invariants/nothing_lost.hpp"
#include "sim/invariants/sums_agree.hpp"
#include "sim/invariants/time_never_falls.hpp"
#include "sim/world.hpp"

namespace obleth::sim {

// Lives as long as its world. That no slot idles is checked by the world itself, after every event.
class Watchtower {
 public:
  explicit Watchtower(World& world) : world_(world) {
    world.watch([this] { look(); });
  }
  Watchtower(const Watchtower&) = delete;
  Watchtower& operator=(const Watchtower&) = delete;

 private:
  void look() {
    note(caps_hold_(world_));
    if (++steps_ % 50 != 0) return;
    note(nothing_lost(world_));
    note(cost_conserved(world_));
    note(time_never_falls_(world_));
    note(sums_agree(world_));
  }
  void note(std::string_view broken) {
    if (!broken.empty()) world_.report_broken(broken);
  }

  World& world_;
  std::uint64_t steps_ = 0;
  CapsHold caps_hold_;
  TimeNeverFalls time_never_falls_;
};

}  // namespace obleth::sim
