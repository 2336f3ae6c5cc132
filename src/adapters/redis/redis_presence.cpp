#include "adapters/redis/redis_presence.hpp"

#include <utility>

namespace obleth::adapters {
namespace {

constexpr Duration period = std::chrono::seconds(2);

// KEYS: the replicas by when they were last heard of. ARGV: this one. Answers how many there are, and 1 where this one
// was not known.
const RedisScript& presence_script() {
  static const RedisScript script("presence", R"lua(
local at = redis.call('TIME')
local added = redis.call('ZADD', KEYS[1], at[1], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', at[1] - 10)
redis.call('EXPIRE', KEYS[1], 60)
return {redis.call('ZCARD', KEYS[1]), added}
)lua");
  return script;
}

}  // namespace

RedisPresence::RedisPresence(RedisLink& link, std::string own_name, Told told)
    : link_(link), own_name_(std::move(own_name)), told_(std::move(told)) {
  saying_ = keep_saying();
}

RootTask RedisPresence::keep_saying() {
  while (true) {
    RedisScript::Input input{.keys = {link_.server().key("replicas")}, .arguments = {own_name_}};
    const Result<RedisReply> reply = co_await link_.run(presence_script(), std::move(input));
    if (reply && reply->is_array() && reply->items.size() == 2) {
      told_.counted(static_cast<std::uint32_t>(reply->items[0].integer));
      if (reply->items[1].integer == 1) told_.forgotten();
    }
    const bool came = co_await ports::Pause(link_.loop(), link_.loop().now() + period);
    static_cast<void>(came);  // nobody calls this pause off
  }
}

}  // namespace obleth::adapters
