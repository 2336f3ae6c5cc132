#include "adapters/redis/redis_response_cache.hpp"

#include <utility>

#include "adapters/redis/answer_encoding.hpp"
#include "base/hex_text.hpp"

namespace obleth::adapters {
namespace {

// KEYS: the answer, the names by the moment at which they expire, their bytes with the sum under "". ARGV: the prefix
// of all names, this one's rest, the answer, its lifetime in ms, the bound in bytes. What a name takes beside its
// answer counts as 512 bytes. At most 64 give way to one, which then may find no room.
constexpr std::string_view keep_text = R"(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local total = tonumber(redis.call('HGET', KEYS[3], '') or '0')
local function forget(name)
  total = total - tonumber(redis.call('HGET', KEYS[3], name) or '0')
  redis.call('HDEL', KEYS[3], name)
  redis.call('ZREM', KEYS[2], name)
  redis.call('DEL', ARGV[1] .. name)
end
for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, 64)) do forget(name) end
forget(ARGV[2])
local bytes, bound = #ARGV[3] + 512, tonumber(ARGV[5])
for _, name in ipairs(redis.call('ZRANGE', KEYS[2], 0, 63)) do
  if total + bytes <= bound then break end
  forget(name)
end
local kept = total + bytes <= bound
if kept then
  redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
  redis.call('ZADD', KEYS[2], now + ARGV[4], ARGV[2])
  redis.call('HSET', KEYS[3], ARGV[2], bytes)
  total = total + bytes
end
redis.call('HSET', KEYS[3], '', total)
for at = 2, 3 do
  if redis.call('PTTL', KEYS[at]) < tonumber(ARGV[4]) then redis.call('PEXPIRE', KEYS[at], ARGV[4]) end
end
return kept and 1 or 0)";

}  // namespace

// One tag for all: the script reaches names that only it knows.
RedisResponseCache::RedisResponseCache(RedisServer& server, const ports::Clock& clock, std::uint64_t bytes_max)
    : server_(server),
      clock_(clock),
      bytes_max_(bytes_max),
      prefix_(server.key("{answers}:" + std::string(answer_layout) + ":")),
      keep_script_("keep_answer", keep_text) {}

std::string RedisResponseCache::key_of(const ports::AnswerName& name) const {
  return prefix_ + hex_of(name);
}

Task<std::shared_ptr<const ports::KeptAnswer>> RedisResponseCache::recall(const ports::AnswerName& name) {
  RedisLink* const link = server_.link_of(ports::Loop::current());
  if (link == nullptr) co_return nullptr;
  RedisCommand command{.operation = "recall_answer", .words = {"GET", key_of(name)}};
  const Result<RedisReply> reply = co_await link->call(std::move(command));
  if (!reply || !reply->is_text()) co_return nullptr;
  std::optional<ports::KeptAnswer> answer = decode_answer(reply->text);
  if (!answer || answer->expires_at <= clock_.wall_now()) co_return nullptr;
  co_return std::make_shared<const ports::KeptAnswer>(*std::move(answer));
}

void RedisResponseCache::keep(const ports::AnswerName& name, std::shared_ptr<const ports::KeptAnswer> answer) {
  RedisLink* const link = server_.link_of(ports::Loop::current());
  const std::int64_t lifetime_ms = answer->expires_at.unix_ms - clock_.wall_now().unix_ms;
  if (link == nullptr || !link->is_up() || lifetime_ms <= 0) return;
  const std::size_t bytes = ports::bytes_of(*answer);
  if (leaving_bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes > leaving_bytes_max) {
    leaving_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    return;
  }
  RedisScript::Input input{.keys = {key_of(name), prefix_ + "expiry", prefix_ + "bytes"},
                           .arguments = {prefix_, hex_of(name), encode_answer(*answer), std::to_string(lifetime_ms),
                                         std::to_string(bytes_max_)}};
  spawn(send(*link, std::move(input), bytes));
}

Task<void> RedisResponseCache::send(RedisLink& link, RedisScript::Input input, std::size_t bytes) {
  const Result<RedisReply> kept = co_await link.run(keep_script_, std::move(input));
  static_cast<void>(kept);  // what is not there is asked for again
  leaving_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
}

}  // namespace obleth::adapters
