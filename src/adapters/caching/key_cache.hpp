// What this process remembers of keys, by the hash of their secret: keys that were found, keys that were found and
// are gone, and secrets that nobody knows.
//
// Three grades of doubt: an entry is fresh; or old (ask the store, and serve it if the store cannot answer); or
// disputed, after news of that very key or tenant (ask the store, and serve nothing without its answer).
// Sharded by hash; a hit takes one shared lock for a few dozen nanoseconds. Any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <vector>

#include "adapters/caching/clock_map.hpp"
#include "base/instant.hpp"
#include "domain/api_key.hpp"
#include "ports/clock.hpp"
#include "ports/key_directory.hpp"

namespace obleth::adapters {

struct KeyCacheLimits {
  std::size_t keys_max = 100'000;
  std::size_t unknown_max = 20'000;
  Duration fresh = std::chrono::seconds(300);
  Duration unknown_for = std::chrono::seconds(10);
  Duration stale_max = std::chrono::hours(24);     // since the store last answered for the key (OBLETH_KEY_STALE_MAX)
  Duration retry_pause = std::chrono::seconds(1);  // between questions to a store that does not answer, per key
};

class KeyCache {
 public:
  KeyCache(const KeyCacheLimits& limits, const ports::Clock& clock);

  // fresh, unknown_for and stale_max of these, at once: what is remembered is believed no longer than they say.
  void set_times(const KeyCacheLimits& limits);

  // Nothing: the store is to be asked.
  [[nodiscard]] std::optional<ports::KeyLookup> find(const SecretHash& hash) const;

  // Rises with every piece of news. An answer that was asked for before the news is not kept.
  [[nodiscard]] std::uint64_t news_count() const { return news_count_.load(std::memory_order_acquire); }

  // The store's answer to a question asked at asked_at_news, and what it means to the requests that wait for it.
  // matched: the hash under which the store knows the key (a former pepper's, perhaps).
  ports::KeyLookup keep_found(const SecretHash& hash, ResolvedKey found, const SecretHash& matched,
                              std::uint64_t asked_at_news);
  ports::KeyLookup keep_unknown(const SecretHash& hash, std::uint64_t asked_at_news);
  // The store could not answer: an old entry serves on.
  ports::KeyLookup keep_unanswered(const SecretHash& hash);

  void dispute_key(const KeyId& key);
  void dispute_tenant(const TenantId& tenant);
  void age_all();  // something has changed, nobody knows what

  // What is to be asked about an entry again: its place here, and the hash under which the store knew it.
  struct Question {
    SecretHash hash;
    SecretHash matched;
  };
  // The disputed entries are read in portions, each in one short lock.
  static constexpr std::size_t portion_count = 64;
  [[nodiscard]] std::vector<Question> disputed(std::size_t portion) const;

  [[nodiscard]] std::size_t size() const;

 private:
  struct Entry {
    std::shared_ptr<const ResolvedKey> resolved;
    SecretHash matched;                    // under which the store knew it
    Instant read_at;                       // when the store last answered
    Instant fresh_until;                   // then the store is asked again
    std::optional<WallTime> former_until;  // found by a rotated key's former secret: the end of its grace
    bool gone = false;                     // deleted since it was found
    bool stale = false;                    // served though the store did not answer when last asked
    bool disputed = false;
  };
  struct alignas(64) Shard {
    Shard(std::size_t keys_max, std::size_t unknown_max) : keys(keys_max), unknown_until(unknown_max) {}
    mutable std::shared_mutex mutex;
    ClockMap<SecretHash, Entry> keys;
    ClockMap<SecretHash, Instant> unknown_until;
  };
  static constexpr std::size_t shard_count = portion_count;

  [[nodiscard]] Shard& shard_of(const SecretHash& hash) const;
  [[nodiscard]] static ports::KeyLookup lookup_of(const Entry& entry);
  [[nodiscard]] bool grace_is_over(const Entry& entry) const;
  void shorten_to(const KeyCacheLimits& limits);
  template <class Change>
  void on_news(Change change);

  std::atomic<Duration> fresh_;
  std::atomic<Duration> unknown_for_;
  std::atomic<Duration> stale_max_;
  const Duration retry_pause_;
  const ports::Clock& clock_;
  std::atomic<std::uint64_t> news_count_ = 0;
  std::array<std::unique_ptr<Shard>, shard_count> shards_;
};

}  // namespace obleth::adapters
