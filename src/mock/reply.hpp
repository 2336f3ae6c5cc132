// Answers that need no model: small JSON and text, and errors in the shape of the dialect.
#pragma once

#include <string>
#include <string_view>

#include "base/task.hpp"
#include "mock/model_request.hpp"
#include "ports/http_service.hpp"

namespace obleth::mock {

struct Reply {
  int status = 200;
  std::string body;
  std::string_view content_type = "application/json";
  std::string more_lines = {};  // complete header lines
};

[[nodiscard]] Reply error_reply(Dialect dialect, int status, std::string_view message, std::string_view param = {});
[[nodiscard]] Task<void> send_reply(ports::ClientExchange& exchange, const Reply& reply);

// The whole body of a request. Faults as read_body's.
[[nodiscard]] Task<Result<std::string>> read_whole_body(ports::ClientExchange& exchange);

}  // namespace obleth::mock
