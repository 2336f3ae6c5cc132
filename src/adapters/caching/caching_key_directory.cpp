#include "adapters/caching/caching_key_directory.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace obleth::adapters {
namespace {

constexpr std::size_t uses_per_write = 1000;

void add_one(std::atomic<std::uint64_t>& counter) {
  counter.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

CachingKeyDirectory::CachingKeyDirectory(Stores stores, const ports::SecretHasher& hasher, const ports::Clock& clock,
                                         ports::ChangeFeed& feed, const KeyCacheLimits& limits)
    : stores_(stores), hasher_(hasher), clock_(clock), cache_(limits, clock), uses_(limits.keys_max) {
  feed.subscribe([this](const ports::Change& change) { heard(change); });
}

void CachingKeyDirectory::heard(const ports::Change& change) {
  if (const auto* key = std::get_if<ports::KeyChanged>(&change)) return cache_.dispute_key(key->key);
  if (const auto* tenant = std::get_if<ports::TenantChanged>(&change)) return cache_.dispute_tenant(tenant->tenant);
  if (std::holds_alternative<ports::GroupsChanged>(change) ||
      std::holds_alternative<ports::EverythingChanged>(change)) {
    cache_.age_all();
  }
}

// Every look-up counts once.
void CachingKeyDirectory::count(Shard& shard, const ports::KeyLookup& lookup, bool was_known) {
  if (lookup.stale) return add_one(shard.stale);
  if (lookup.outcome == ports::KeyOutcome::unknown) return add_one(shard.unknown);
  if (lookup.outcome == ports::KeyOutcome::unavailable) return add_one(shard.unavailable);
  add_one(was_known ? shard.hits : shard.misses);
}

std::optional<ports::KeyLookup> CachingKeyDirectory::recall(std::string_view secret) {
  return recall(hasher_.hash(secret));
}

std::optional<ports::KeyLookup> CachingKeyDirectory::recall(const SecretHash& hash) {
  std::optional<ports::KeyLookup> known = cache_.find(hash);
  if (known) count(shard_of(hash), *known, true);
  return known;
}

Task<ports::KeyLookup> CachingKeyDirectory::find(std::string_view secret) {
  const SecretHash hash = hasher_.hash(secret);
  if (auto known = recall(hash)) co_return std::move(*known);
  // The secret itself is not needed, and not kept, beyond this point.
  std::vector<SecretHash> candidates = hasher_.candidates(secret);
  ports::KeyLookup answer = co_await ask(hash, std::move(candidates));
  count(shard_of(hash), answer, false);
  co_return answer;
}

Task<ports::KeyLookup> CachingKeyDirectory::ask(SecretHash hash, std::vector<SecretHash> candidates) {
  ports::Loop* const loop = ports::Loop::current();
  if (loop == nullptr) {
    const auto own = std::make_shared<KeyFlight>(hash, std::move(candidates), cache_.news_count());
    co_await fly(own);
    co_return own->answer();
  }
  const auto [flight, is_new] = board(hash, std::move(candidates));
  // By itself, so that a request which leaves does not strand the others.
  if (is_new) spawn(fly(flight));
  const auto landed = std::make_shared<ports::Handover>(*loop);
  if (flight->wait(landed)) co_await landed->awaited();
  co_return flight->answer();
}

std::pair<std::shared_ptr<KeyFlight>, bool> CachingKeyDirectory::board(const SecretHash& hash,
                                                                       std::vector<SecretHash> candidates) {
  Shard& shard = shard_of(hash);
  const std::lock_guard lock(shard.mutex);
  std::shared_ptr<KeyFlight>& flight = shard.flights[hash];
  // A flight from before the latest news may bring what is no longer so.
  const std::uint64_t news = cache_.news_count();
  if (flight != nullptr && flight->asked_at_news() == news) return {flight, false};
  flight = std::make_shared<KeyFlight>(hash, std::move(candidates), news);
  return {flight, true};
}

Task<void> CachingKeyDirectory::fly(std::shared_ptr<KeyFlight> flight) {
  const WallTime now = clock_.wall_now();
  Result<std::optional<ResolvedKey>> found = std::optional<ResolvedKey>();
  SecretHash matched;
  for (const SecretHash& candidate : flight->candidates()) {
    matched = candidate;
    found = co_await stores_.keys.resolve_key(candidate, now);
    if (!found || *found) break;
  }
  store_answers_.store(found.has_value(), std::memory_order_relaxed);
  const SecretHash& hash = flight->hash();
  if (found && *found && matched != hash && (*found)->key.hash == matched) {
    note_former_pepper({(*found)->key.id, matched, hash});
  }
  const std::uint64_t news = flight->asked_at_news();
  ports::KeyLookup answer = !found    ? cache_.keep_unanswered(hash)
                            : !*found ? cache_.keep_unknown(hash, news)
                                      : cache_.keep_found(hash, std::move(**found), matched, news);
  leave(flight);
  flight->land(std::move(answer));
}

// A newer flight may have taken its place.
void CachingKeyDirectory::leave(const std::shared_ptr<KeyFlight>& flight) {
  Shard& shard = shard_of(flight->hash());
  const std::lock_guard lock(shard.mutex);
  const auto under_way = shard.flights.find(flight->hash());
  if (under_way != shard.flights.end() && under_way->second == flight) shard.flights.erase(under_way);
}

Task<void> CachingKeyDirectory::poll_version() {
  const Result<std::uint64_t> version = co_await stores_.record.version();
  if (version && version_.exchange(*version) != *version) cache_.age_all();
}

// An answer that newer news has overtaken is not kept: the round that the news asks for finds its key again.
Task<bool> CachingKeyDirectory::read_disputed(const CancelSignal& stop) {
  has_more_disputed_ = true;
  if (std::exchange(reads_disputed_, true)) co_return true;
  bool all_read = true;
  while (all_read && std::exchange(has_more_disputed_, false))
    all_read = co_await read_each_disputed(stop);
  reads_disputed_ = false;
  co_return all_read;
}

Task<bool> CachingKeyDirectory::read_each_disputed(const CancelSignal& stop) {
  for (std::size_t portion = 0; portion < KeyCache::portion_count; ++portion) {
    const std::vector<KeyCache::Question> questions = cache_.disputed(portion);
    for (const auto& [hash, matched] : questions) {
      if (stop.fired()) co_return false;
      if (cache_.find(hash)) continue;  // a request was faster
      std::vector<SecretHash> candidates{hash};
      if (matched != hash) candidates.push_back(matched);
      const ports::KeyLookup answer = co_await ask(hash, std::move(candidates));
      if (answer.outcome == ports::KeyOutcome::unavailable) co_return false;
    }
  }
  co_return true;
}

Task<void> CachingKeyDirectory::flush_uses() {
  co_await renew_hashes();
  const KeyUses::Uses due = uses_.take_due();
  for (std::size_t start = 0; start < due.size(); start += uses_per_write) {
    const auto from = due.begin() + static_cast<std::ptrdiff_t>(start);
    const std::size_t count = std::min(uses_per_write, due.size() - start);
    KeyUses::Uses batch(from, from + static_cast<std::ptrdiff_t>(count));
    const Result<void> written = co_await stores_.record.note_key_uses(std::move(batch));
    if (written) continue;
    uses_.put_back(KeyUses::Uses(from, due.end()));
    co_return;
  }
}

void CachingKeyDirectory::note_former_pepper(const ports::RenewedHash& renewed) {
  const std::lock_guard lock(renewed_mutex_);
  if (renewed_.size() < renewed_max) renewed_.push_back(renewed);
}

Task<void> CachingKeyDirectory::renew_hashes() {
  std::vector<ports::RenewedHash> renewed;
  {
    const std::lock_guard lock(renewed_mutex_);
    renewed.swap(renewed_);
  }
  if (renewed.empty()) co_return;
  // What cannot be written is found again at the key's next look-up.
  const Result<void> written = co_await stores_.record.renew_key_hashes(std::move(renewed));
  static_cast<void>(written);
}

KeyDirectoryCounts CachingKeyDirectory::counts() const {
  KeyDirectoryCounts total;
  for (const Shard& shard : shards_) {
    total.hits += shard.hits.load(std::memory_order_relaxed);
    total.misses += shard.misses.load(std::memory_order_relaxed);
    total.stale += shard.stale.load(std::memory_order_relaxed);
    total.unknown += shard.unknown.load(std::memory_order_relaxed);
    total.unavailable += shard.unavailable.load(std::memory_order_relaxed);
  }
  total.cached = cache_.size();
  return total;
}

}  // namespace obleth::adapters
