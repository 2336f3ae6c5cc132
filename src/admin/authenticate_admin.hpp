// Whose admin token this is: one of the configuration, compared in constant time, or a stored one, by its hash.
// Any thread.
#pragma once

#include "admin/call.hpp"
#include "admin/dependencies.hpp"
#include "admin/reply.hpp"
#include "base/task.hpp"
#include "domain/http_message.hpp"

namespace obleth::admin {

// The caller, or 401. A store that cannot answer is 503, never 401; tokens of the configuration work without it.
Task<Outcome<Caller>> authenticate_admin(const Dependencies& given, const RequestHead& head, std::string_view address);

}  // namespace obleth::admin
