#include "adapters/caching/key_cache.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

namespace obleth::adapters {
namespace {

constexpr Instant long_ago{Duration::min()};

ports::KeyLookup unknown_key(bool stale = false) {
  return {ports::KeyOutcome::unknown, nullptr, stale};
}

}  // namespace

KeyCache::KeyCache(const KeyCacheLimits& limits, const ports::Clock& clock)
    : fresh_(limits.fresh),
      unknown_for_(limits.unknown_for),
      stale_max_(limits.stale_max),
      retry_pause_(limits.retry_pause),
      clock_(clock) {
  const auto share = [](std::size_t total) { return (total + shard_count - 1) / shard_count; };
  for (auto& shard : shards_)
    shard = std::make_unique<Shard>(share(limits.keys_max), share(limits.unknown_max));
}

void KeyCache::set_times(const KeyCacheLimits& limits) {
  stale_max_.store(limits.stale_max, std::memory_order_relaxed);
  const bool fresh_is_shorter = limits.fresh < fresh_.exchange(limits.fresh, std::memory_order_relaxed);
  const bool unknown_is_shorter =
      limits.unknown_for < unknown_for_.exchange(limits.unknown_for, std::memory_order_relaxed);
  if (fresh_is_shorter || unknown_is_shorter) shorten_to(limits);
}

// What is kept is judged by one moment, set when it was kept: find() compares no more than that.
void KeyCache::shorten_to(const KeyCacheLimits& limits) {
  const Instant unknown_until_max = clock_.now() + limits.unknown_for;
  for (const auto& shard : shards_) {
    const std::lock_guard lock(shard->mutex);
    shard->keys.for_each([&limits](const SecretHash&, Entry& entry) {
      entry.fresh_until = std::min(entry.fresh_until, entry.read_at + (entry.gone ? limits.unknown_for : limits.fresh));
    });
    shard->unknown_until.for_each(
        [unknown_until_max](const SecretHash&, Instant& until) { until = std::min(until, unknown_until_max); });
  }
}

// By the last byte: the maps within a shard use the first eight.
KeyCache::Shard& KeyCache::shard_of(const SecretHash& hash) const {
  return *shards_[hash.bytes.back() % shard_count];
}

ports::KeyLookup KeyCache::lookup_of(const Entry& entry) {
  if (entry.gone) return unknown_key(entry.stale);
  return {ports::KeyOutcome::found, entry.resolved, entry.stale};
}

bool KeyCache::grace_is_over(const Entry& entry) const {
  return entry.former_until && clock_.wall_now() >= *entry.former_until;
}

std::optional<ports::KeyLookup> KeyCache::find(const SecretHash& hash) const {
  const Instant now = clock_.now();
  const Shard& shard = shard_of(hash);
  const std::shared_lock lock(shard.mutex);
  if (const Entry* entry = shard.keys.find(hash)) {
    if (now >= entry->fresh_until || grace_is_over(*entry)) return std::nullopt;
    return lookup_of(*entry);
  }
  const Instant* unknown_until = shard.unknown_until.find(hash);
  if (unknown_until == nullptr || now >= *unknown_until) return std::nullopt;
  return unknown_key();
}

ports::KeyLookup KeyCache::keep_found(const SecretHash& hash, ResolvedKey found, const SecretHash& matched,
                                      std::uint64_t asked_at_news) {
  const Instant now = clock_.now();
  Entry entry;
  if (found.key.former_hash == matched) entry.former_until = found.key.former_expires_at;
  entry.resolved = std::make_shared<const ResolvedKey>(std::move(found));
  entry.matched = matched;
  entry.read_at = now;
  ports::KeyLookup lookup = lookup_of(entry);
  Shard& shard = shard_of(hash);
  const std::lock_guard lock(shard.mutex);
  // Under the lock: an entry is kept for the new time, or shortened to it.
  entry.fresh_until = now + fresh_.load(std::memory_order_relaxed);
  shard.unknown_until.erase(hash);
  if (asked_at_news == news_count()) shard.keys.put(hash, std::move(entry));
  return lookup;
}

ports::KeyLookup KeyCache::keep_unknown(const SecretHash& hash, std::uint64_t asked_at_news) {
  const Instant now = clock_.now();
  Shard& shard = shard_of(hash);
  const std::lock_guard lock(shard.mutex);
  const Instant asked_again = now + unknown_for_.load(std::memory_order_relaxed);
  if (asked_at_news != news_count()) return unknown_key();
  if (Entry* entry = shard.keys.find(hash)) {
    *entry = Entry{.resolved = std::move(entry->resolved),
                   .matched = entry->matched,
                   .read_at = now,
                   .fresh_until = asked_again,
                   .former_until = std::nullopt,
                   .gone = true};
  } else {
    shard.unknown_until.put(hash, asked_again);
  }
  return unknown_key();
}

ports::KeyLookup KeyCache::keep_unanswered(const SecretHash& hash) {
  const Instant now = clock_.now();
  Shard& shard = shard_of(hash);
  const std::lock_guard lock(shard.mutex);
  Entry* entry = shard.keys.find(hash);
  if (entry == nullptr || entry->disputed || now - entry->read_at >= stale_max_.load(std::memory_order_relaxed)) {
    return {ports::KeyOutcome::unavailable, nullptr, false};
  }
  if (grace_is_over(*entry)) return unknown_key();
  entry->stale = true;
  entry->fresh_until = now + retry_pause_;
  return lookup_of(*entry);
}

// Counted before the entries are changed: an answer that was read before the news is then either changed here or not
// kept at all.
template <class Change>
void KeyCache::on_news(Change change) {
  news_count_.fetch_add(1, std::memory_order_acq_rel);
  for (const auto& shard : shards_) {
    const std::lock_guard lock(shard->mutex);
    shard->keys.for_each(change);
    shard->unknown_until.clear();
  }
}

void KeyCache::dispute_key(const KeyId& key) {
  on_news([&key](const SecretHash&, Entry& entry) {
    if (entry.resolved->key.id != key) return;
    entry.disputed = true;
    entry.fresh_until = long_ago;
  });
}

void KeyCache::dispute_tenant(const TenantId& tenant) {
  on_news([&tenant](const SecretHash&, Entry& entry) {
    if (entry.resolved->tenant.id != tenant) return;
    entry.disputed = true;
    entry.fresh_until = long_ago;
  });
}

void KeyCache::age_all() {
  on_news([](const SecretHash&, Entry& entry) { entry.fresh_until = long_ago; });
}

std::vector<KeyCache::Question> KeyCache::disputed(std::size_t portion) const {
  std::vector<Question> questions;
  Shard& shard = *shards_[portion];
  const std::lock_guard lock(shard.mutex);
  shard.keys.for_each([&questions](const SecretHash& hash, const Entry& entry) {
    if (entry.disputed) questions.push_back({hash, entry.matched});
  });
  return questions;
}

std::size_t KeyCache::size() const {
  std::size_t total = 0;
  for (const auto& shard : shards_) {
    const std::shared_lock lock(shard->mutex);
    total += shard->keys.size() + shard->unknown_until.size();
  }
  return total;
}

}  // namespace obleth::adapters
