// A reply on its way to the client: one start, one finish. On the exchange's thread.
#pragma once

#include "admin/reply.hpp"
#include "base/task.hpp"
#include "ports/http_service.hpp"

namespace obleth::admin {

// Without a body for HEAD. reply outlives the task.
Task<void> send_reply(const Reply& reply, ports::ClientExchange& exchange);

}  // namespace obleth::admin
