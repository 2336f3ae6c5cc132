// What the gateway reads of JSON-RPC 2.0 messages, of a request's body and of an answer alike: who asks what of which
// tool, and how it ended. Everything else is skipped unread, and nothing is changed.
//
// One walk over the text, without a tree. A member that is read may stand only once, however its name is escaped, and
// what names a call stands in no other case: otherwise one reader of the text would see another call than the next one.
// Pure.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace obleth::wire {

inline constexpr std::size_t rpc_batch_max = 100;        // messages of one batch
inline constexpr std::size_t rpc_id_bytes_max = 1024;    // of an id, as it stands
inline constexpr std::size_t rpc_name_bytes_max = 1024;  // of a method or a tool

enum class RpcKind : std::uint8_t { request, notification, response };

struct RpcMessage {
  RpcKind kind = RpcKind::notification;
  std::string_view id;              // as it stands: 1 or "a"; empty: none, or null
  std::string method;               // empty: a response
  std::optional<std::string> tool;  // of tools/call: params.name
  std::string_view arguments;       // of tools/call: params.arguments as they stand; empty: none
  // Of a response.
  std::optional<std::int64_t> error_code;
  bool tool_failed = false;  // its result says isError
};

struct RpcDocument {
  bool batch = false;  // an array, of one message or more
  std::vector<RpcMessage> messages;
};

enum class RpcFault : std::uint8_t {
  not_json,
  not_rpc,   // JSON, but no JSON-RPC 2.0 message; or one that readers may understand differently
  too_many,  // messages in a batch
};

// The views are of text.
[[nodiscard]] std::expected<RpcDocument, RpcFault> read_json_rpc(std::string_view text);

// Whether two ids, as they stand, are one value: "tools\/1" and "tools/1", 1e0 and 1. Numbers are compared as doubles,
// which is what most servers make of them.
[[nodiscard]] bool same_rpc_id(std::string_view a, std::string_view b);

// {"jsonrpc":"2.0","id":…,"error":{"code":…,"message":…}}. extra: further members of the error, each with a comma
// before it.
struct RpcError {
  std::string_view id;  // as it stands in JSON; empty: null
  std::int64_t code = 0;
  std::string_view message;
  std::string_view extra = {};
};
void append_rpc_error(std::string& out, const RpcError& error);

}  // namespace obleth::wire
