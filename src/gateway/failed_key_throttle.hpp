// Slows down who keeps coming with keys that are not valid, so that guessing cannot hammer the stores.
//
// An address has an allowance of 401s a minute; then they become 429s. Look-ups of keys that this process does not know
// have ten times that, and wait for their turn before they are refused: a good key that is new comes through while its
// neighbour guesses. A key that is known is never slowed: behind one address many may sit.
//
// Addresses share a fixed number of cells by a seeded hash, so whoever has many addresses takes no memory. Any thread.
// Source: the generic cell rate algorithm (ITU-T I.371).
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/instant.hpp"

namespace obleth::gateway {

class FailedKeyThrottle {
 public:
  static constexpr std::size_t cells_count = 8192;
  static constexpr Duration wait_max = std::chrono::seconds(1);  // for a look-up's turn

  struct Turn {
    bool granted = true;
    Duration after{0};  // granted: to wait first; refused: when to come back
  };

  // seed: random, so that nobody can choose whose cell to share.
  FailedKeyThrottle(std::uint32_t per_minute, std::uint64_t seed);

  // 401s of one address; 0 switches it off. What was counted before stands.
  void set_rate(std::uint32_t per_minute);

  // Counts one failure. network: of the client; nothing for a proxy that stands for many, which is never slowed.
  [[nodiscard]] Turn note_failure(std::optional<std::uint64_t> network, Instant now);
  // Counts one look-up in advance; it is taken back when the key turns out to be valid.
  [[nodiscard]] Turn begin_look_up(std::optional<std::uint64_t> network, Instant now);
  void take_back_look_up(std::optional<std::uint64_t> network);

  [[nodiscard]] std::uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

 private:
  // A rate with its allowance, for every cell. A cell: when its allowance is whole again, in nanoseconds of the clock.
  struct Lane {
    const std::int64_t allowance_ns;
    std::atomic<std::int64_t> period_ns = 0;  // 0: no bound
    std::array<std::atomic<std::int64_t>, cells_count> cells{};
  };

  [[nodiscard]] Turn take(Lane& lane, std::optional<std::uint64_t> network, Instant now, Duration wait_longest);
  [[nodiscard]] std::size_t cell_of(std::uint64_t network) const;

  const std::uint64_t seed_;
  std::atomic<std::uint64_t> refused_ = 0;
  Lane failures_;
  Lane look_ups_;
};

}  // namespace obleth::gateway
