// What is to be told and kept of one HTTP exchange of an MCP client: filled in by the stages, read at its end.
//
// Never holds what a call says: of its arguments only their digest. The request's connection's thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "domain/usage_record.hpp"
#include "wire/json_rpc.hpp"

namespace obleth::mcp {

struct NotedMessage {
  wire::RpcKind kind = wire::RpcKind::notification;
  std::string id;  // as it stands in JSON
  std::string method;
  std::optional<std::string> tool;
  std::string arguments_sha256;  // in hex; empty: none
  bool denied = false;
  // How it ended, as far as it was seen.
  bool answered = false;  // what was looked at holds its answer
  std::optional<std::int64_t> error_code;
  bool tool_failed = false;

  [[nodiscard]] bool is_request() const { return kind == wire::RpcKind::request; }
};

struct CallNotes {
  UsageRecord record;  // what all rows of the exchange have in common
  std::string key_name;
  bool speaks_rpc = false;  // its client expects errors as JSON-RPC tells them
  bool batch = false;
  std::vector<NotedMessage> messages;  // empty: none was sent, or none could be read
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
  bool partly_unread = false;     // of what was answered, some was too large to be looked at
  std::size_t unread_events = 0;  // of a stream, whole: each may be an answer
  bool left_early = false;        // the client left before it had all that it asked for

  [[nodiscard]] std::size_t requests() const {
    return static_cast<std::size_t>(std::ranges::count_if(messages, &NotedMessage::is_request));
  }
  // What asks for nothing that can be answered waits until it ends.
  [[nodiscard]] bool awaits_more() const {
    const auto open = std::ranges::count_if(
        messages, [](const NotedMessage& message) { return message.is_request() && !message.answered; });
    return requests() == 0 || static_cast<std::size_t>(open) > unread_events;
  }
};

}  // namespace obleth::mcp
