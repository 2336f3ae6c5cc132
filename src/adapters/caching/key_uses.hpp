// When keys were last used: gathered on the request path, written at most once a minute per key, off it.
//
// Bounded; where there is no room left, a use goes unnoted. Any thread; one flush at a time.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

#include "base/instant.hpp"
#include "domain/ids.hpp"

namespace obleth::adapters {

class KeyUses {
 public:
  static constexpr std::int64_t write_period_ms = 60'000;

  using Uses = std::vector<std::pair<KeyId, WallTime>>;

  explicit KeyUses(std::size_t keys_max);

  void note(const KeyId& key, WallTime at);
  // What is due to be written; it counts as written from here on.
  [[nodiscard]] Uses take_due();
  // They could not be written: due again.
  void put_back(const Uses& uses);

 private:
  struct Use {
    WallTime written;
    WallTime seen;
    bool due = false;
  };
  struct alignas(64) Shard {
    std::mutex mutex;
    boost::unordered_flat_map<KeyId, Use> uses;
  };
  static constexpr std::size_t shard_count = 16;

  [[nodiscard]] Shard& shard_of(const KeyId& key) { return shards_[key.bits.high % shard_count]; }
  [[nodiscard]] bool has_room(Shard& shard) const;

  std::size_t shard_keys_max_;
  std::array<Shard, shard_count> shards_;
};

}  // namespace obleth::adapters
