// One connection to a Redis or a Sentinel, for questions one after the other: opening, sentinels, subscriptions.
//
// Thread: its loop's. One coroutine at a time uses it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "adapters/os/socket.hpp"
#include "adapters/redis/redis_reply.hpp"
#include "adapters/redis/reply_reader.hpp"
#include "base/result.hpp"
#include "base/task.hpp"

namespace obleth::adapters {

class RedisSession {
 public:
  explicit RedisSession(std::unique_ptr<Socket> socket) : socket_(std::move(socket)) {}

  // Faults: timed_out, broken, bad_answer; the session is of no use after one. An error that Redis answers is a reply.
  [[nodiscard]] Task<Result<RedisReply>> ask(std::vector<std::string> words, Instant deadline);
  // All at once, one round trip.
  [[nodiscard]] Task<Result<std::vector<RedisReply>>> ask_all(std::vector<std::vector<std::string>> commands,
                                                              Instant deadline);
  // Sends, and expects no answer by itself (a subscription's).
  [[nodiscard]] Task<Result<void>> send(std::vector<std::string> words, Duration stall_max);
  // The next reply, whoever it answers.
  [[nodiscard]] Task<Result<RedisReply>> next(Instant deadline);

  // Gives the connection to another owner. What was read and not asked for yet goes with the reader.
  [[nodiscard]] Socket& socket() { return *socket_; }
  [[nodiscard]] ReplyReader& reader() { return reader_; }

 private:
  std::unique_ptr<Socket> socket_;
  ReplyReader reader_;
};

// Reads what has come into the reader. Fault: broken, when the connection has ended.
[[nodiscard]] Result<void> read_into(ReplyReader& reader, Socket& socket);

}  // namespace obleth::adapters
