#include "adapters/redis/redis_server.hpp"

#include "adapters/redis/redis_link.hpp"

#include <utility>

namespace obleth::adapters {
namespace {

using Words = std::vector<std::string>;

constexpr Duration sentinel_max = std::chrono::milliseconds(500);  // for one of several

// Every command that a script of ours runs, on a key that is left behind as a string for a minute: a user who may not
// run one of them would otherwise be found out by the request that needs it. A test compares it with the scripts.
constexpr std::string_view probe_text = R"(
local key = KEYS[1]
for _, words in ipairs({
  {'DEL', key}, {'ZADD', key, 1, 'a'}, {'ZCARD', key}, {'ZRANGE', key, 0, -1}, {'ZRANGEBYSCORE', key, 0, 1},
  {'ZREMRANGEBYSCORE', key, 0, 0}, {'ZSCORE', key, 'a'}, {'ZREM', key, 'a'},
  {'DEL', key}, {'HSET', key, 'a', 1}, {'HGET', key, 'a'}, {'HMGET', key, 'a'}, {'HGETALL', key},
  {'HDEL', key, 'a'},
  {'DEL', key}, {'XADD', key, '*', 'a', 1}, {'XREAD', 'STREAMS', key, 0}, {'XREVRANGE', key, '+', '-'},
  {'DEL', key}, {'INCRBY', key, 1}, {'GET', key}, {'EXPIRE', key, 60}, {'PEXPIRE', key, 60000}, {'PTTL', key},
  {'SET', key, 1, 'PX', 60000}, {'TIME'}, {'PUBLISH', key, ''},
}) do
  local answer = redis.pcall(unpack(words))
  if type(answer) == 'table' and answer.err then return redis.error_reply(answer.err .. ' (' .. words[1] .. ')') end
end
return 1)";

Fault down(std::string reason) {
  return store_fault(FaultKind::unavailable, std::move(reason));
}

Words auth_words(const std::string& user, const Secret& password) {
  Words words{"AUTH"};
  if (!user.empty()) words.push_back(user);
  words.emplace_back(password.reveal());
  return words;
}

// Redis' own text names no secret: only the user, and what was wrong.
Result<void> accepted(const RedisReply& reply) {
  if (!reply.is_error()) return {};
  const bool is_refusal = reply.error_code() == "WRONGPASS" || reply.error_code() == "NOAUTH" ||
                          reply.error_code() == "NOPERM" || reply.error_code() == "ERR";
  return fail(store_fault(is_refusal ? FaultKind::forbidden : FaultKind::unavailable, "Redis says " + reply.text));
}

// A user who may not ask this is not refused for that.
bool may_not_ask(const RedisReply& reply) {
  return reply.error_code() == "NOPERM" || reply.error_code() == "ERR";
}

Result<void> check_role(const RedisReply& role) {
  if (may_not_ask(role)) return {};
  if (role.is_error()) return accepted(role);
  const bool is_master = role.is_array() && !role.items.empty() && role.items.front().text == "master";
  if (is_master) return {};
  return fail(down("this Redis is a replica, not the master"));
}

Result<void> check_policy(const RedisReply& policy) {
  if (may_not_ask(policy)) return {};
  if (policy.is_error()) return accepted(policy);
  if (!policy.is_array() || policy.items.size() < 2 || policy.items[1].text == "noeviction") return {};
  return fail(store_fault(FaultKind::invalid, "the maxmemory-policy of Redis is " + policy.items[1].text +
                                                  ", so it would forget budgets and reservations: set it to "
                                                  "noeviction"));
}

// What is asked of a new connection, in one round trip.
class Greeting {
 public:
  Greeting(const RedisAddress& address, std::string probe_key) {
    if (!address.password.empty()) add(auth_words(address.user, address.password), accepted);
    if (address.database != 0) add({"SELECT", std::to_string(address.database)}, accepted);
    add({"ROLE"}, check_role);
    add({"CONFIG", "GET", "maxmemory-policy"}, check_policy);
    // Whether it takes writes (neither loading, nor out of memory, nor a replica), and lets this user run our scripts.
    add({"EVAL", std::string(probe_text), "1", std::move(probe_key)}, accepted);
  }

  [[nodiscard]] const std::vector<Words>& commands() const { return commands_; }
  [[nodiscard]] Result<void> judge(const std::vector<RedisReply>& replies) const {
    for (std::size_t at = 0; at < checks_.size(); ++at) {
      Result<void> checked = checks_[at](replies[at]);
      if (!checked) return checked;
    }
    return {};
  }

 private:
  using Check = Result<void> (*)(const RedisReply&);
  void add(Words words, Check check) {
    commands_.push_back(std::move(words));
    checks_.push_back(check);
  }
  std::vector<Words> commands_;
  std::vector<Check> checks_;
};

}  // namespace

RedisServer::RedisServer(RedisSettings settings, const Dialer& dialer, RedisWatch watch)
    : settings_(std::move(settings)), dialer_(dialer), watch_(std::move(watch)) {}

std::string RedisServer::key(std::string_view rest) const {
  std::string whole = settings_.prefix;
  whole.push_back(':');
  return whole.append(rest);
}

Task<Result<std::unique_ptr<RedisSession>>> RedisServer::open(EpollLoop& loop) {
  const Instant deadline = loop.now() + settings_.open_max;
  const DialLimits limits{deadline};
  HostAndPort at = settings_.address.at;
  if (!settings_.sentinels.empty()) {
    Result<HostAndPort> master = co_await find_master(loop, deadline);
    if (!master) co_return fail(std::move(master.error()));
    at = std::move(*master);
  }
  Result<std::unique_ptr<Socket>> socket = co_await dialer_.dial(loop, at.host, at.port, settings_.address.tls, limits);
  if (!socket) co_return fail(store_fault(socket.error().kind, socket.error().message));
  auto session = std::make_unique<RedisSession>(std::move(*socket));
  const Greeting greeting(settings_.address, key("probe"));
  Result<std::vector<RedisReply>> replies = co_await session->ask_all(greeting.commands(), deadline);
  if (!replies) co_return fail(std::move(replies.error()));
  Result<void> judged = greeting.judge(*replies);
  if (!judged) co_return fail(std::move(judged.error()));
  co_return std::move(session);
}

// The first sentinel that knows the master is believed; each has its share of the time.
Task<Result<HostAndPort>> RedisServer::find_master(EpollLoop& loop, Instant deadline) {
  Fault last = down("no sentinel is set");
  for (const HostAndPort& sentinel : settings_.sentinels) {
    const Instant share = std::min(deadline, loop.now() + sentinel_max);
    Result<HostAndPort> master = co_await ask_sentinel(loop, sentinel, share);
    if (master) co_return std::move(master);
    last = std::move(master.error());
  }
  co_return fail(std::move(last));
}

Task<Result<HostAndPort>> RedisServer::ask_sentinel(EpollLoop& loop, HostAndPort sentinel, Instant deadline) {
  const DialLimits limits{deadline};
  Result<std::unique_ptr<Socket>> socket =
      co_await dialer_.dial(loop, sentinel.host, sentinel.port, settings_.address.tls, limits);
  if (!socket) co_return fail(store_fault(socket.error().kind, socket.error().message));
  RedisSession session(std::move(*socket));
  std::vector<Words> commands;
  if (!settings_.sentinel_password.empty()) commands.push_back(auth_words({}, settings_.sentinel_password));
  commands.push_back({"SENTINEL", "get-master-addr-by-name", settings_.address.at.host});
  Result<std::vector<RedisReply>> replies = co_await session.ask_all(std::move(commands), deadline);
  if (!replies) co_return fail(std::move(replies.error()));
  const RedisReply& master = replies->back();
  if (master.is_error()) co_return fail(down("a sentinel says " + master.text));
  if (!master.is_array() || master.items.size() != 2) {
    co_return fail(down("the sentinels know no master named " + settings_.address.at.host));
  }
  co_return parse_host_and_port("[" + master.items[0].text + "]:" + master.items[1].text, redis_port);
}

RedisLink* RedisServer::link_of(const ports::Loop* loop) {
  const std::lock_guard lock(mutex_);
  const auto found = links_.find(loop);
  return found == links_.end() ? nullptr : found->second;
}

void RedisServer::link_made(RedisLink& link) {
  const std::lock_guard lock(mutex_);
  links_.emplace(&link.loop(), &link);
}

void RedisServer::link_ended(RedisLink& link, bool was_up) {
  const std::lock_guard lock(mutex_);
  links_.erase(&link.loop());
  if (was_up) --links_up_;
}

void RedisServer::link_is_up() {
  const std::lock_guard lock(mutex_);
  ++links_up_;
  if (links_up_ == static_cast<int>(links_.size())) tell(true, {});
}

void RedisServer::link_is_down(bool was_up, const std::string& reason) {
  const std::lock_guard lock(mutex_);
  if (was_up) --links_up_;
  tell(false, reason);
}

void RedisServer::tell(bool up, std::string_view reason) {
  if (told_ && told_up_ == up && told_reason_ == reason) return;
  told_ = true;
  told_up_ = up;
  told_reason_ = reason;
  if (watch_.state) watch_.state(up, reason);
}

void RedisServer::call_took(std::string_view operation, Duration took) const {
  if (watch_.call) watch_.call(operation, took);
}

}  // namespace obleth::adapters
