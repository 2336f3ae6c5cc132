// Keeps this replica's part of a pool that several share: tells of it four times a second, hears of the others in the
// same breath, and steps the engine with what follows. Sooner where it has fewer slots than it should have, or
// more than it uses while others wait, where something begins to wait, and where the capacity has changed.
//
// The engine's own clock ends a lease that is not renewed, whatever this class waits for. Runs on one loop, to which
// all of it belongs; leave() before the loop stops. Loop, peers and desk outlive it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/cancel_signal.hpp"
#include "base/task.hpp"
#include "gateway/admission_desk.hpp"
#include "gateway/replica_share.hpp"
#include "ports/loop.hpp"
#include "ports/peers.hpp"

namespace obleth::gateway {

class ShareSync {
 public:
  static constexpr Duration turn_period = std::chrono::milliseconds(250);
  static constexpr Duration urgent_period = std::chrono::milliseconds(50);

  struct Sources {
    ports::Loop& loop;
    ports::Peers& peers;
    AdmissionDesk& desk;
    // The capacity is that of the record. Who does not know it serves nobody, and would take what others could use.
    std::function<bool()> knows_capacity;
  };
  // tell: how it stands, at the start and four times a second.
  ShareSync(const Sources& ask, ReplicaShare::Identity identity, std::function<void(const ReplicaShare::Status&)> tell)
      : loop_(ask.loop),
        peers_(ask.peers),
        desk_(ask.desk),
        knows_capacity_(ask.knows_capacity),
        share_(std::move(identity)),
        tell_(std::move(tell)) {}

  // Before the first request: none gets a slot before the others were asked for it. They hear of this replica once it
  // knows the capacity.
  void start();
  // For good: takes no slot any more, and tells the others that all of them are free.
  Task<void> leave();

  [[nodiscard]] ReplicaShare::Status status() const {
    return has_joined_ ? share_.status(loop_.now()) : ReplicaShare::Status{};
  }

 private:
  void join();
  Task<void> keep_sharing();
  Task<void> keep_telling();
  Task<void> take_turn();
  [[nodiscard]] bool is_urgent() const;
  void log_change(const ReplicaShare::Status& now);

  ports::Loop& loop_;
  ports::Peers& peers_;
  AdmissionDesk& desk_;
  const std::function<bool()> knows_capacity_;
  ReplicaShare share_;
  const std::function<void(const ReplicaShare::Status&)> tell_;
  CancelSignal stop_;
  bool has_joined_ = false;
  bool in_turn_ = false;
  std::uint32_t told_capacity_ = 0;
  bool told_waiting_ = false;
  std::optional<bool> was_degraded_;
  std::string silence_ = "no answer has come yet";  // why the last turn went unheard; empty: it was heard
};

}  // namespace obleth::gateway
