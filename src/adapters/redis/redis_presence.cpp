#include "adapters/redis/redis_presence.hpp"

#include <utility>

namespace obleth::adapters {
namespace {

constexpr Duration period = std::chrono::seconds(2);

// KEYS: the replicas by when they were last heard of. ARGV: this one. Answers how many there are.
const RedisScript& presence_script() {
  static const RedisScript script("presence", R"lua(
local at = redis.call('TIME')
redis.call('ZADD', KEYS[1], at[1], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', at[1] - 10)
redis.call('EXPIRE', KEYS[1], 60)
return redis.call('ZCARD', KEYS[1])
)lua");
  return script;
}

}  // namespace

RedisPresence::RedisPresence(RedisLink& link, std::string own_name, std::function<void(std::uint32_t replicas)> counted)
    : link_(link), own_name_(std::move(own_name)), counted_(std::move(counted)) {
  saying_ = keep_saying();
}

RootTask RedisPresence::keep_saying() {
  while (true) {
    RedisScript::Input input{.keys = {link_.server().key("replicas")}, .arguments = {own_name_}};
    const Result<RedisReply> reply = co_await link_.run(presence_script(), std::move(input));
    if (reply && reply->kind == RedisReply::Kind::integer) counted_(static_cast<std::uint32_t>(reply->integer));
    const bool came = co_await ports::Pause(link_.loop(), link_.loop().now() + period);
    static_cast<void>(came);  // nobody calls this pause off
  }
}

}  // namespace obleth::adapters
