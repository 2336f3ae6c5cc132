#include "adapters/redis/redis_change_feed.hpp"

#include <utility>

#include "adapters/redis/change_text.hpp"

namespace obleth::adapters {
namespace {

constexpr Duration quiet_max = std::chrono::seconds(5);   // then a sign of life is asked for
constexpr Duration answer_max = std::chrono::seconds(2);  // and has to come
constexpr Duration pause = std::chrono::milliseconds(500);

bool is_message(const RedisReply& reply) {
  return reply.is_array() && reply.items.size() == 3 && reply.items[0].text == "message";
}

bool is_subscription(const RedisReply& reply) {
  return reply.is_array() && reply.items.size() == 3 && reply.items[0].text == "subscribe";
}

}  // namespace

// Up to the first that fails: after it the others read everything anew.
Task<Result<void>> RedisChangeFeed::tell_replicas(std::vector<ports::Change> changes) {
  RedisLink* const link = server_.link_of(ports::Loop::current());
  if (link == nullptr) co_return fail(store_fault(FaultKind::unavailable, "this thread has no link to Redis"));
  for (const ports::Change& change : changes) {
    RedisCommand command{.operation = "publish", .words = {"PUBLISH", channel(), encode_change(change, own_name_)}};
    const Result<RedisReply> told = co_await link->call(std::move(command));
    if (!told) co_return fail(told.error());
    if (told->is_error()) co_return fail(store_fault(FaultKind::forbidden, told->text));
  }
  co_return Result<void>();
}

void RedisChangeFeed::heard(std::string_view text) {
  const std::optional<ports::Change> change = decode_change(text, own_name_);
  if (change) local_.publish(*change);
}

RedisChangeListener::RedisChangeListener(EpollLoop& loop, RedisServer& server, RedisChangeFeed& feed)
    : loop_(loop), server_(server), feed_(feed) {
  listening_ = keep_listening();
}

RootTask RedisChangeListener::keep_listening() {
  while (true) {
    Result<std::unique_ptr<RedisSession>> session = co_await server_.open(loop_);
    if (session) co_await listen(**session);
    const bool came = co_await ports::Pause(loop_, loop_.now() + pause);
    static_cast<void>(came);  // nobody calls this pause off
  }
}

// Until the connection is of no use any more.
Task<void> RedisChangeListener::listen(RedisSession& session) {
  const Result<void> asked = co_await session.send({"SUBSCRIBE", feed_.channel()}, answer_max);
  if (!asked) co_return;
  bool must_answer = true;
  while (true) {
    const Duration wait = must_answer ? answer_max : quiet_max;
    const Result<RedisReply> reply = co_await session.next(loop_.now() + wait);
    if (reply) {
      must_answer = false;
      if (reply->is_error()) co_return;
      if (is_subscription(*reply)) feed_.listening();
      if (is_message(*reply)) feed_.heard(reply->items[2].text);
      continue;
    }
    if (must_answer || reply.error().kind != FaultKind::timed_out) co_return;
    must_answer = true;
    const Result<void> pinged = co_await session.send({"PING"}, answer_max);
    if (!pinged) co_return;
  }
}

}  // namespace obleth::adapters
