#include "admin/mcp_conversation.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "domain/upstream_reference.hpp"
#include "wire/http_syntax.hpp"
#include "wire/json_rpc.hpp"

namespace obleth::admin {
namespace {

constexpr std::size_t answer_bytes_max = 4 << 20;
constexpr std::size_t excerpt_bytes_max = 500;
constexpr auto patience_max = std::chrono::seconds(30);
constexpr std::string_view protocol_version = "2025-06-18";
constexpr std::size_t version_bytes_max = 64;  // what the server chooses is a date, too
constexpr int ok = 200;
constexpr int bad_request = 400;
constexpr int server_error = 500;

Fault not_understood(std::string what) {
  return upstream_fault(FaultKind::bad_answer, std::move(what), false);
}

// It goes into the heads of all that follows.
bool may_be_version(std::string_view text) {
  return !text.empty() && text.size() <= version_bytes_max && wire::all_in(text, wire::word_char);
}

bool is_stream(const ResponseHead& head) {
  return head.fields.find("content-type").value_or("").starts_with("text/event-stream");
}

}  // namespace

McpConversation::McpConversation(ports::Upstream& upstream, const McpServer& server, UpstreamAddress address,
                                 CancelSignal& cancel)
    : upstream_(upstream),
      server_(server),
      address_(std::move(address)),
      cancel_(cancel),
      patience_(std::min<Duration>(std::chrono::seconds(server.timeout_secs), patience_max)),
      target_(upstream_path(server.upstream_url)) {}

Task<Result<Json>> McpConversation::open() {
  const Json params = Json::object({{"protocolVersion", protocol_version},
                                    {"capabilities", Json::object()},
                                    {"clientInfo", Json::object({{"name", "obleth"}, {"version", "1"}})}});
  Result<Json> opened = co_await request("initialize", params);
  // As clients find the older transport out: it knows no POST where it is registered.
  if (!opened && status_ && *status_ >= bad_request && *status_ < server_error) {
    const int told = *status_;
    const Result<void> streams = co_await open_stream();
    if (streams) {
      opened = co_await request("initialize", params);
    } else {
      status_ = told;
    }
  }
  if (!opened) co_return opened;
  if (const Json* chosen = opened->find("protocolVersion"); chosen != nullptr && chosen->text() != nullptr) {
    if (!may_be_version(*chosen->text())) co_return fail(not_understood("The version that it chose is none."));
    protocol_ = *chosen->text();
  }
  co_await notify("notifications/initialized");
  co_return opened;
}

Task<Result<Json>> McpConversation::ask(std::string method) {
  co_return co_await request(std::move(method), Json::object());
}

Task<void> McpConversation::close() {
  if (session_.empty()) co_return;
  const std::optional<int> told = status_;
  const Result<Answer> ended = co_await send("DELETE", target_, {});
  static_cast<void>(ended);  // a server need not know how to
  status_ = told;
}

Task<Result<McpConversation::Answer>> McpConversation::send(std::string method, std::string target, std::string body) {
  std::string head = method + " " + target + " HTTP/1.1\r\nHost: " + address_.authority +
                     "\r\nAccept: application/json, text/event-stream\r\nAccept-Encoding: identity\r\n";
  if (server_.auth_header) head.append("Authorization: ").append(server_.auth_header->reveal()).append("\r\n");
  if (!session_.empty()) head.append("Mcp-Session-Id: ").append(session_).append("\r\n");
  if (!protocol_.empty()) head.append("MCP-Protocol-Version: ").append(protocol_).append("\r\n");
  if (!body.empty()) {
    head += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  }
  head += "\r\n";
  const std::array<std::string_view, 1> pieces{body};
  const ports::UpstreamCall call{.address = &address_,
                                 .head = head,
                                 .body = std::span(pieces).first(body.empty() ? 0 : 1),
                                 .head_timeout = patience_,
                                 .idle_timeout = patience_,
                                 .cancel = &cancel_};
  Result<Answer> answer = co_await upstream_.send(call);
  status_ = answer ? std::optional((*answer)->head().status) : std::nullopt;
  if (!answer) co_return answer;
  if (const auto session = (*answer)->head().fields.find("mcp-session-id")) session_ = *session;
  co_return answer;
}

Task<Result<Json>> McpConversation::request(std::string method, Json params) {
  const Json message =
      Json::object({{"jsonrpc", "2.0"}, {"id", ++asked_}, {"method", method}, {"params", std::move(params)}});
  std::string body = to_text(message);
  const Result<Answer> answer = co_await send("POST", target_, std::move(body));
  if (!answer) co_return fail(answer.error());
  if (*status_ >= 300) {
    const Result<std::string> text = co_await read_document(**answer);
    co_return fail(not_understood("It answered HTTP " + std::to_string(*status_) + ": " +
                                  (text ? text->substr(0, excerpt_bytes_max) : text.error().message)));
  }
  Result<std::string> told = Result<std::string>(std::string());
  if (stream_ != nullptr) {
    told = co_await next_event(*stream_, {});
  } else if (is_stream((*answer)->head())) {
    received_.clear();
    event_.clear();
    splitter_ = {};
    told = co_await next_event(**answer, {});
  } else {
    told = co_await read_document(**answer);
  }
  if (!told) co_return fail(told.error());
  co_return result_in(*told);
}

Task<void> McpConversation::notify(std::string method) {
  const std::optional<int> told = status_;
  std::string body = to_text(Json::object({{"jsonrpc", "2.0"}, {"method", std::move(method)}}));
  const Result<Answer> answer = co_await send("POST", target_, std::move(body));
  static_cast<void>(answer);  // what is asked next tells whether it was taken
  status_ = told;
}

Task<Result<void>> McpConversation::open_stream() {
  Result<Answer> stream = co_await send("GET", target_, {});
  if (!stream) co_return fail(stream.error());
  if (*status_ != ok || !is_stream((*stream)->head())) co_return fail(not_understood("It offers no stream."));
  const Result<std::string> endpoint = co_await next_event(**stream, "endpoint");
  if (!endpoint) co_return fail(endpoint.error());
  const auto target = resolve_reference(address_, target_, *endpoint);
  if (!target) co_return fail(not_understood("It sends its clients elsewhere: " + *endpoint));
  target_ = *target;
  stream_ = std::move(*stream);
  co_return Result<void>{};
}

Task<Result<std::string>> McpConversation::next_event(ports::UpstreamAnswer& stream, std::string with_name) {
  while (true) {
    bool complete = false;
    std::size_t taken = 0;
    splitter_.feed(received_, [&](std::string_view part, bool ends) {
      taken += part.size();
      event_ += part;
      complete = ends;
      return !ends;
    });
    received_.erase(0, taken);
    if (complete) {
      const std::string event = std::exchange(event_, {});
      std::string joined;
      std::string payload(wire::sse_payload(event, joined));
      const auto message = wire::read_json_rpc(payload);
      const bool is_answer = message && message->messages.front().kind == wire::RpcKind::response &&
                             message->messages.front().id == std::to_string(asked_);
      if (with_name.empty() ? is_answer : wire::sse_event_name(event) == with_name) co_return payload;
      continue;
    }
    if (event_.size() > answer_bytes_max) co_return fail(not_understood("Its answer is larger than 4 MiB."));
    const Result<std::string_view> bytes = co_await stream.read();
    if (!bytes) co_return fail(bytes.error());
    if (bytes->empty()) co_return fail(not_understood("Its stream ended without an answer."));
    received_ += *bytes;
  }
}

Task<Result<std::string>> McpConversation::read_document(ports::UpstreamAnswer& answer) {
  std::string body;
  while (true) {
    const Result<std::string_view> bytes = co_await answer.read();
    if (!bytes) co_return fail(bytes.error());
    if (bytes->empty()) co_return body;
    if (body.size() + bytes->size() > answer_bytes_max) {
      co_return fail(not_understood("Its answer is larger than 4 MiB."));
    }
    body += *bytes;
  }
}

Result<Json> McpConversation::result_in(std::string_view message) const {
  const JsonOutcome json = parse_json(message);
  if (!json)
    return fail(not_understood("Its answer is not JSON: " + std::string(message.substr(0, excerpt_bytes_max))));
  if (const Json* error = json->find("error")) return fail(not_understood("It answered an error: " + to_text(*error)));
  const Json* result = json->find("result");
  if (result == nullptr) return fail(not_understood("Its answer is no answer of JSON-RPC."));
  return *result;
}

}  // namespace obleth::admin
