// Bytes of Redis to replies, at any split: hiredis' reader, with our own values and bounds. Thread: its owner's.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "adapters/redis/redis_reply.hpp"
#include "base/result.hpp"

struct redisReader;  // NOLINT(readability-identifier-naming): hiredis names it

namespace obleth::adapters {

class ReplyReader {
 public:
  static constexpr std::size_t reply_bytes_max = 64U << 20;
  static constexpr int items_max = 1'000'000;  // of one array

  ReplyReader();

  void feed(std::string_view bytes);
  // The next whole reply; nothing: more bytes are needed. Fault: bad_answer, after which the connection is of no use.
  [[nodiscard]] Result<std::optional<RedisReply>> next();

 private:
  struct Free {
    void operator()(redisReader* reader) const noexcept;
  };
  std::unique_ptr<redisReader, Free> reader_;
  std::size_t waiting_bytes_ = 0;  // fed since the last whole reply
};

}  // namespace obleth::adapters
