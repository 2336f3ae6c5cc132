#include "adapters/redis/redis_session.hpp"

#include <array>
#include <utility>

namespace obleth::adapters {
namespace {

constexpr std::size_t read_bytes = 16U << 10;

Fault session_fault(FaultKind kind, std::string message) {
  return store_fault(kind, std::move(message));
}

}  // namespace

Result<void> read_into(ReplyReader& reader, Socket& socket) {
  std::array<char, read_bytes> bytes;
  while (true) {
    const IoOutcome got = socket.read_some(bytes);
    if (got.state == IoState::would_block) return {};
    if (got.state != IoState::moved) {
      return fail(session_fault(FaultKind::broken, "Redis has closed the connection"));
    }
    reader.feed({bytes.data(), got.bytes});
    // In the clear a short read has emptied the socket; of TLS only the next read tells.
    if (!socket.is_tls() && got.bytes < bytes.size()) return {};
  }
}

Task<Result<RedisReply>> RedisSession::ask(std::vector<std::string> words, Instant deadline) {
  std::vector<std::vector<std::string>> commands;
  commands.push_back(std::move(words));
  Result<std::vector<RedisReply>> replies = co_await ask_all(std::move(commands), deadline);
  if (!replies) co_return fail(std::move(replies.error()));
  co_return std::move(replies->front());
}

Task<Result<std::vector<RedisReply>>> RedisSession::ask_all(std::vector<std::vector<std::string>> commands,
                                                            Instant deadline) {
  std::string bytes;
  for (const auto& words : commands)
    append_command(bytes, words);
  const std::array<std::string_view, 1> pieces{bytes};
  const Duration stall_max = deadline - socket_->loop().now();
  const WriteOutcome sent = co_await socket_->write_all(pieces, stall_max);
  if (sent != WriteOutcome::sent) co_return fail(session_fault(FaultKind::broken, "Redis takes no commands"));
  std::vector<RedisReply> replies;
  while (replies.size() < commands.size()) {
    Result<RedisReply> reply = co_await next(deadline);
    if (!reply) co_return fail(std::move(reply.error()));
    replies.push_back(std::move(*reply));
  }
  co_return std::move(replies);
}

Task<Result<void>> RedisSession::send(std::vector<std::string> words, Duration stall_max) {
  std::string bytes;
  append_command(bytes, words);
  const std::array<std::string_view, 1> pieces{bytes};
  const WriteOutcome sent = co_await socket_->write_all(pieces, stall_max);
  if (sent != WriteOutcome::sent) co_return fail(session_fault(FaultKind::broken, "Redis takes no commands"));
  co_return Result<void>{};
}

Task<Result<RedisReply>> RedisSession::next(Instant deadline) {
  while (true) {
    Result<std::optional<RedisReply>> reply = reader_.next();
    if (!reply) co_return fail(std::move(reply.error()));
    if (*reply) co_return std::move(**reply);
    const WaitOutcome outcome = co_await socket_->readable(deadline);
    if (outcome != WaitOutcome::ready) co_return fail(session_fault(FaultKind::timed_out, "Redis does not answer"));
    Result<void> read = read_into(reader_, *socket_);
    if (!read) co_return fail(std::move(read.error()));
  }
}

}  // namespace obleth::adapters
