// Resolved keys shared by replicas, between the cache in each process and the record.
//
// An entry bears the version that the record had when it was read, and is believed only while no newer version is known
// here. After news of a change the version is read anew from the record, by the first who asks or by the poll, before
// any entry is believed; the poll is also the net for news that nobody heard. So what lies in Redis needs no
// invalidation, and a Redis that comes back with old entries misleads nobody. Where Redis does not answer, the record
// is asked.
//
// Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "adapters/redis/key_encoding.hpp"
#include "adapters/redis/redis_link.hpp"
#include "adapters/redis/redis_server.hpp"
#include "ports/change_feed.hpp"
#include "ports/record_store.hpp"

namespace obleth::adapters {

class RedisKeyTier final : public ports::KeySource {
 public:
  // Subscribes to the feed, before whoever asks here does. fresh_for: how long an entry lies in Redis; it is part of
  // the entry's name, so that none is found that was kept for another time.
  RedisKeyTier(RedisServer& server, ports::RecordStore& record, ports::ChangeFeed& feed, Duration fresh_for);

  Task<Result<std::optional<ResolvedKey>>> resolve_key(const SecretHash& hash, WallTime now) override;

  void set_fresh_for(Duration fresh_for) { fresh_for_.store(fresh_for, std::memory_order_relaxed); }

  // Rises with every piece of news.
  [[nodiscard]] std::uint64_t news_count() const { return news_.load(std::memory_order_acquire); }
  // What the poll found, and the news that had come before it asked; before anything else acts on it. With this,
  // entries are believed again while the record is away.
  void learn_version(std::uint64_t version, std::uint64_t asked_at_news);

 private:
  // The version that an entry must have at least; nothing: it cannot be known now.
  Task<std::optional<std::uint64_t>> version_needed();
  Task<std::optional<ResolvedKey>> recall(RedisLink& link, SecretHash hash, std::uint64_t version, WallTime now);
  Task<void> keep(RedisLink& link, SecretHash hash, KeyEntry entry);
  [[nodiscard]] std::int64_t fresh_ms() const;
  [[nodiscard]] std::string name_of(const SecretHash& hash, std::int64_t fresh_ms) const;

  RedisServer& server_;
  ports::RecordStore& record_;
  std::atomic<Duration> fresh_for_;
  std::atomic<std::uint64_t> news_ = 1;
  std::mutex mutex_;
  std::uint64_t version_ = 0;          // guarded by mutex_
  std::uint64_t version_at_news_ = 0;  // guarded by mutex_: the news that version_ was read after
};

}  // namespace obleth::adapters
