// Whose a session is, shared by replicas: what one opened, another continues, and what one ended is ended at all.
//
// A book of this process stands beside it, so that sessions which were used here go on while Redis is away, and are
// written again where it has lost them; those that were not are then not known (fault). What lies in Redis expires by
// itself. Any thread with a link.
#pragma once

#include <string>

#include "adapters/redis/redis_link.hpp"
#include "adapters/redis/redis_script.hpp"
#include "adapters/redis/redis_server.hpp"
#include "ports/session_book.hpp"

namespace obleth::adapters {

class RedisSessionBook final : public ports::SessionBook {
 public:
  RedisSessionBook(RedisServer& server, ports::SessionBook& near);

  Task<Result<bool>> bind(const ports::SessionName& name, const ports::SessionEntry& entry) override;
  Task<Result<std::optional<ports::SessionEntry>>> find(const ports::SessionName& name) override;
  Task<Result<void>> forget(const ports::SessionName& name) override;

 private:
  [[nodiscard]] std::string key_of(const ports::SessionName& name) const;

  RedisServer& server_;
  ports::SessionBook& near_;
  const RedisScript bind_script_;
  const RedisScript find_script_;
};

}  // namespace obleth::adapters
