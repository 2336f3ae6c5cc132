// The key directory of the request path: a cache in this process before the record.
//
// A hit suspends nothing and allocates nothing. Concurrent look-ups of one key are one question to the store. When the
// store cannot answer, a key that was found before is served on, and a key never seen is unavailable, not unknown.
// News from the change feed acts at once, and what it calls in question is read anew, so that a store that fails later
// takes nobody's key; poll_version() is the net under it. A thread without a loop asks by itself.
//
// Any thread. It outlives the loops whose tasks use it, and the feed's last publisher.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "adapters/caching/key_cache.hpp"
#include "adapters/caching/key_flight.hpp"
#include "adapters/caching/key_uses.hpp"
#include "base/cancel_signal.hpp"
#include "ports/change_feed.hpp"
#include "ports/clock.hpp"
#include "ports/key_directory.hpp"
#include "ports/record_store.hpp"
#include "ports/secret_hasher.hpp"

namespace obleth::adapters {

// Each look-up is one of these; cached is what is remembered now.
struct KeyDirectoryCounts {
  std::uint64_t hits = 0;         // found in this process's memory
  std::uint64_t misses = 0;       // found by asking the store
  std::uint64_t stale = 0;        // served though the store could not answer
  std::uint64_t unknown = 0;      // nobody has this key
  std::uint64_t unavailable = 0;  // never seen, and the store could not answer
  std::uint64_t cached = 0;       // entries now
};

class CachingKeyDirectory final : public ports::KeyDirectory {
 public:
  // Keys are asked for at the source, which may be nearer than the record; everything else at the record itself.
  struct Stores {
    Stores(ports::RecordStore& store) : record(store), keys(store) {}  // NOLINT: the record alone is the usual case
    Stores(ports::RecordStore& store, ports::KeySource& source) : record(store), keys(source) {}
    ports::RecordStore& record;
    ports::KeySource& keys;
  };
  // Subscribes to the feed: before its first publish, and after the source, so that the source hears news first.
  CachingKeyDirectory(Stores stores, const ports::SecretHasher& hasher, const ports::Clock& clock,
                      ports::ChangeFeed& feed, const KeyCacheLimits& limits = {});

  // For how long keys are remembered; how many stays as it was.
  void set_times(const KeyCacheLimits& limits) { cache_.set_times(limits); }

  [[nodiscard]] std::optional<ports::KeyLookup> recall(std::string_view secret) override;
  Task<ports::KeyLookup> find(std::string_view secret) override;
  void note_use(const KeyId& key, WallTime at) override { uses_.note(key, at); }

  // Every 5 s: when the record's version has moved, every key is asked for again at its next use. A store that does not
  // answer is asked again at the next call.
  Task<void> poll_version();
  // After news: reads anew the keys that it has called in question, one after another, so that a tenant with thousands
  // of them is never more than one question to the store. A call while another is under way leaves them to that one.
  // False: the store does not answer; they are asked for at their next use, or the next call. All calls on one loop.
  Task<bool> read_disputed(const CancelSignal& stop);
  // Every few seconds, off the request path: writes last_used_at of the keys that are due; what could not be written is
  // due again. Keys that are still hashed under a former pepper are brought under the current one with it, so that the
  // former can be dropped once every key has been used.
  Task<void> flush_uses();

  [[nodiscard]] KeyDirectoryCounts counts() const;
  // False while the store did not answer when last asked for a key: what is served may be stale. For tests.
  [[nodiscard]] bool store_answers() const { return store_answers_.load(std::memory_order_relaxed); }

 private:
  struct alignas(64) Shard {
    std::mutex mutex;
    boost::unordered_flat_map<SecretHash, std::shared_ptr<KeyFlight>> flights;
    std::atomic<std::uint64_t> hits = 0;
    std::atomic<std::uint64_t> misses = 0;
    std::atomic<std::uint64_t> stale = 0;
    std::atomic<std::uint64_t> unknown = 0;
    std::atomic<std::uint64_t> unavailable = 0;
  };
  static constexpr std::size_t shard_count = 64;
  static constexpr std::size_t renewed_max = 10'000;  // between two flushes; the rest is found again later

  [[nodiscard]] Shard& shard_of(const SecretHash& hash) { return shards_[hash.bytes.back() % shard_count]; }
  static void count(Shard& shard, const ports::KeyLookup& lookup, bool was_known);
  [[nodiscard]] std::optional<ports::KeyLookup> recall(const SecretHash& hash);
  void heard(const ports::Change& change);

  Task<ports::KeyLookup> ask(SecretHash hash, std::vector<SecretHash> candidates);
  // The flight that is under way, or a new one that the caller is to start.
  std::pair<std::shared_ptr<KeyFlight>, bool> board(const SecretHash& hash, std::vector<SecretHash> candidates);
  Task<void> fly(std::shared_ptr<KeyFlight> flight);
  void leave(const std::shared_ptr<KeyFlight>& flight);
  // False: stopped, or the store does not answer.
  Task<bool> read_each_disputed(const CancelSignal& stop);
  void note_former_pepper(const ports::RenewedHash& renewed);
  Task<void> renew_hashes();

  Stores stores_;
  const ports::SecretHasher& hasher_;
  const ports::Clock& clock_;
  KeyCache cache_;
  KeyUses uses_;
  std::atomic<std::uint64_t> version_ = 0;
  std::atomic<bool> store_answers_ = true;
  std::array<Shard, shard_count> shards_;
  bool reads_disputed_ = false;
  bool has_more_disputed_ = false;  // than were when the present round began
  std::mutex renewed_mutex_;
  std::vector<ports::RenewedHash> renewed_;  // guarded by renewed_mutex_
};

}  // namespace obleth::adapters
