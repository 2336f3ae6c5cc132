#include "adapters/redis/redis_key_tier.hpp"

#include <algorithm>
#include <utility>

#include "base/hex_text.hpp"

namespace obleth::adapters {
namespace {

// As the record decides it: a former secret ends with its grace.
bool is_known_by(const ApiKey& key, const SecretHash& hash, WallTime now) {
  if (key.hash == hash) return true;
  return key.former_hash == hash && key.former_expires_at && now < *key.former_expires_at;
}

}  // namespace

RedisKeyTier::RedisKeyTier(RedisServer& server, ports::RecordStore& record, ports::ChangeFeed& feed, Duration fresh_for)
    : server_(server), record_(record), fresh_for_(fresh_for) {
  feed.subscribe([this](const ports::Change&) { news_.fetch_add(1, std::memory_order_acq_rel); });
}

// Redis takes no entry that is to lie there for no time.
std::int64_t RedisKeyTier::fresh_ms() const {
  return std::max<std::int64_t>(1, whole_ms(fresh_for_.load(std::memory_order_relaxed)));
}

std::string RedisKeyTier::name_of(const SecretHash& hash, std::int64_t fresh_ms) const {
  std::string name = server_.key("key:");
  name.append(key_layout).append(":").append(std::to_string(fresh_ms)).push_back(':');
  return name.append(hex_of(hash.bytes));
}

void RedisKeyTier::learn_version(std::uint64_t version, std::uint64_t asked_at_news) {
  const std::lock_guard lock(mutex_);
  version_ = std::max(version_, version);
  version_at_news_ = std::max(version_at_news_, asked_at_news);
}

Task<std::optional<std::uint64_t>> RedisKeyTier::version_needed() {
  const std::uint64_t news = news_count();
  {
    const std::lock_guard lock(mutex_);
    if (version_at_news_ >= news) co_return version_;
  }
  const Result<std::uint64_t> version = co_await record_.version();
  if (!version) co_return std::nullopt;
  learn_version(*version, news);
  const std::lock_guard lock(mutex_);
  co_return version_;
}

Task<Result<std::optional<ResolvedKey>>> RedisKeyTier::resolve_key(const SecretHash& asked, WallTime now) {
  const SecretHash hash = asked;
  RedisLink* const link = server_.link_of(ports::Loop::current());
  if (link == nullptr || !link->is_up()) co_return co_await record_.resolve_key(hash, now);
  const std::optional<std::uint64_t> version = co_await version_needed();
  if (!version) co_return co_await record_.resolve_key(hash, now);
  std::optional<ResolvedKey> recalled = co_await recall(*link, hash, *version, now);
  if (recalled) co_return std::move(recalled);
  // The version was read before: what comes now is at least as new.
  Result<std::optional<ResolvedKey>> found = co_await record_.resolve_key(hash, now);
  if (found && *found) spawn(keep(*link, hash, {*version, **found}));
  co_return std::move(found);
}

Task<std::optional<ResolvedKey>> RedisKeyTier::recall(RedisLink& link, SecretHash hash, std::uint64_t version,
                                                      WallTime now) {
  RedisCommand command{.operation = "recall_key", .words = {"GET", name_of(hash, fresh_ms())}};
  const Result<RedisReply> reply = co_await link.call(std::move(command));
  if (!reply || !reply->is_text()) co_return std::nullopt;
  std::optional<KeyEntry> entry = decode_key(reply->text);
  if (!entry || entry->record_version < version || !is_known_by(entry->resolved.key, hash, now)) co_return std::nullopt;
  co_return std::move(entry->resolved);
}

Task<void> RedisKeyTier::keep(RedisLink& link, SecretHash hash, KeyEntry entry) {
  const std::int64_t kept_ms = fresh_ms();
  RedisCommand command{.operation = "keep_key",
                       .words = {"SET", name_of(hash, kept_ms), encode_key(entry), "PX", std::to_string(kept_ms)}};
  const Result<RedisReply> kept = co_await link.call(std::move(command));
  static_cast<void>(kept);  // an entry that could not be kept is read from the record once more
}

}  // namespace obleth::adapters
