// Speaks with an MCP server as a client does: over streamable HTTP, or over the older transport where it is that.
// One conversation; the thread of its caller.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "admin/json.hpp"
#include "domain/mcp_server.hpp"
#include "domain/upstream_address.hpp"
#include "ports/upstream.hpp"
#include "wire/sse_splitter.hpp"

namespace obleth::admin {

class McpConversation {
 public:
  // The signal calls it off.
  McpConversation(ports::Upstream& upstream, const McpServer& server, UpstreamAddress address, CancelSignal& cancel);

  // The result of initialize. Faults say what the server did instead.
  Task<Result<Json>> open();
  Task<Result<Json>> ask(std::string method);
  // Ends the session, where there is one.
  Task<void> close();

  [[nodiscard]] std::optional<int> status() const { return status_; }  // of the last answer; nothing: none came
  [[nodiscard]] bool is_older() const { return stream_ != nullptr; }

 private:
  using Answer = std::unique_ptr<ports::UpstreamAnswer>;

  Task<Result<Answer>> send(std::string method, std::string target, std::string body);
  Task<Result<Json>> request(std::string method, Json params);
  Task<void> notify(std::string method);
  Task<Result<void>> open_stream();
  // The next event that fits: the answer to the request that was sent last, or with_name's data.
  Task<Result<std::string>> next_event(ports::UpstreamAnswer& stream, std::string with_name);
  Task<Result<std::string>> read_document(ports::UpstreamAnswer& answer);
  [[nodiscard]] Result<Json> result_in(std::string_view message) const;

  ports::Upstream& upstream_;
  const McpServer& server_;
  const UpstreamAddress address_;
  CancelSignal& cancel_;
  Duration patience_;
  std::string target_;
  std::string session_;
  std::string protocol_;
  std::optional<int> status_;
  std::int64_t asked_ = 0;
  Answer stream_;  // of the older transport
  wire::SseSplitter splitter_;
  std::string received_;  // of the stream, not looked at yet
  std::string event_;
};

}  // namespace obleth::admin
