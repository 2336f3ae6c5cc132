// The other processes (replicas) that serve the same pool of slots, and what is told among them.
//
// Each tells of itself a few times a second, and hears of the others in the same breath. The store that they share
// hands out leases of slots: together never more than the capacity, because whoever takes fewer says so before anybody
// takes more. A lease ends after lease_time unless it is renewed. Demands and work are texts of the replicas' own
// (gateway/peer_text); the store reads no number of theirs.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/instant.hpp"
#include "base/result.hpp"
#include "base/task.hpp"

namespace obleth::ports {

// From when the report left, by the replica's own clock.
inline constexpr Duration lease_time = std::chrono::seconds(3);
// The store waits longer, from when the report came.
inline constexpr Duration lease_time_in_store = std::chrono::milliseconds(3100);
// A replica that is gone without a word may go on by itself: its part of the capacity is kept free for so long, or
// until another one starts in its place.
inline constexpr Duration withheld_time = std::chrono::seconds(60);
// Who has heard nothing for longer may go on by itself before the store could notice: it counts for its part at least.
inline constexpr Duration unheard_max = std::chrono::milliseconds(1500);
// Work that is kept for others to read: about a minute of three replicas. Who was away for longer misses what was
// before.
inline constexpr std::size_t told_work_max = 1024;

struct PeerReport {
  std::string replica;  // new at every start of a process
  std::string place;    // where it keeps its files; a process that starts there again proves that one before ended
  std::uint64_t sequence = 0;    // rises with every report; an older one changes nothing any more
  std::uint64_t epoch = 0;       // of the pool's state as it last heard of it; 0: it has not
  std::int64_t heard_at_ms = 0;  // told_at_ms of what it heard last
  std::uint32_t capacity = 0;    // slots of the pool
  std::uint32_t held = 0;        // slots that it uses, or may take until it hears otherwise
  std::uint32_t wanted = 0;      // slots that it would have; may be fewer than it holds
  std::uint32_t useful = 0;      // slots that it could use, if nobody else would have them
  bool leaves = false;           // for good: all that it holds is free
  std::string demands;           // for the others to read
  std::uint64_t batch = 0;       // number of the work that it tells of: told once, however often it is sent
  std::string work;              // empty: none
  std::string heard;             // up to where it has heard of the others' work; empty: from now on
};

struct Peer {
  std::string replica;
  std::string demands;
};

struct PeerNews {
  std::uint64_t epoch = 0;
  std::int64_t told_at_ms = 0;    // by the store's clock
  std::uint32_t lease = 0;        // slots that it may use from now on
  std::uint32_t replicas = 1;     // itself, those present, and those that are gone without a word
  std::vector<Peer> peers;        // the others that are present
  std::vector<std::string> work;  // that they did since heard
  std::string heard;
};

class Peers {
 public:
  virtual ~Peers() = default;
  // Faults (source: store): unavailable, timed_out, broken, bad_answer; the report may have come through all the same.
  virtual Task<Result<PeerNews>> exchange(PeerReport report) = 0;
};

}  // namespace obleth::ports
