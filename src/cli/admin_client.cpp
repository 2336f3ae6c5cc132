#include "cli/admin_client.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

#include "cli/admin_connection.hpp"
#include "wire/chunk_decoder.hpp"
#include "wire/http_head.hpp"

namespace obleth::cli {
namespace {

namespace json = boost::json;

std::unexpected<Fault> bad_answer(std::string_view what) {
  const std::string message = "the Management API's answer makes no sense: " + std::string(what);
  return fail({FaultKind::bad_answer, FaultSource::upstream, false, message, {}});
}

std::string request_bytes(const AdminRequest& request, const AdminAddress& address) {
  std::string bytes = request.method + " " + address.server.base_path + request.path + " HTTP/1.1\r\n";
  bytes += "Host: " + address.server.authority + "\r\nConnection: close\r\nAccept: application/json\r\n";
  bytes += "Authorization: Bearer " + std::string(address.token.reveal()) + "\r\n";
  if (!request.body.empty()) bytes += "Content-Type: " + request.content_type + "\r\n";
  if (!request.body.empty() || request.method != "GET") {
    bytes += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  }
  return bytes + "\r\n" + request.body;
}

struct Received {
  ResponseHead head;
  std::size_t head_bytes = 0;
};

Result<Received> receive_head(AdminConnection& connection, std::string& bytes, const std::string& method) {
  std::size_t looked_at = 0;
  for (;;) {
    Received received;
    const wire::HeadOutcome outcome = wire::parse_response_head(bytes, looked_at, {}, method, received.head);
    if (const auto* fault = std::get_if<wire::HeadFault>(&outcome)) return bad_answer(fault->message);
    if (const auto* parsed = std::get_if<wire::ParsedHead>(&outcome)) {
      received.head_bytes = parsed->bytes;
      return received;
    }
    looked_at = bytes.size();
    const Result<bool> more = connection.receive(bytes);
    if (!more) return fail(more.error());
    if (!*more) return bad_answer("the connection closed before an answer came");
  }
}

// What has arrived of a body, taken out of its framing. complete: nothing is missing.
struct Body {
  std::string text;
  bool complete = false;
};

Result<Body> decode(const ResponseHead& head, std::string_view bytes) {
  if (head.framing == BodyFraming::none) return Body{{}, true};
  if (head.framing == BodyFraming::until_close) return Body{std::string(bytes), false};
  if (head.framing == BodyFraming::length) {
    const bool complete = bytes.size() >= head.content_length;
    return Body{std::string(bytes.substr(0, head.content_length)), complete};
  }
  Body body;
  wire::ChunkDecoder decoder;
  for (;;) {
    const wire::ChunkDecoder::Step step = decoder.feed(bytes);
    body.text += step.payload;
    bytes.remove_prefix(step.consumed);
    body.complete = step.state == wire::ChunkDecoder::State::done;
    if (step.state == wire::ChunkDecoder::State::fault) return bad_answer("broken chunks");
    if (body.complete || step.consumed == 0) return body;
  }
}

Result<std::string> receive_body(AdminConnection& connection, const ResponseHead& head, std::string bytes) {
  bool open = true;
  while (open) {
    if (head.framing == BodyFraming::none) return std::string{};
    if (head.framing == BodyFraming::length && bytes.size() >= head.content_length) break;
    if (bytes.size() > answer_bytes_max) return bad_answer("it is too long");
    const Result<bool> more = connection.receive(bytes);
    if (!more) return fail(more.error());
    open = *more;
  }
  Result<Body> body = decode(head, bytes);
  if (!body) return fail(std::move(body.error()));
  if (!body->complete && head.framing != BodyFraming::until_close) return bad_answer("it was cut");
  return std::move(body->text);
}

// The message of a refusal: {"error":{"message","details":[{"field","problem"}]}}.
std::string refusal_text(const AdminAnswer& answer) {
  boost::system::error_code broken;
  const json::value body = json::parse(answer.body, broken);
  const json::value* error = broken ? nullptr : body.is_object() ? body.as_object().if_contains("error") : nullptr;
  const json::object* told = error == nullptr ? nullptr : error->if_object();
  const auto text = [](const json::object& object, std::string_view name) -> std::string {
    const json::value* value = object.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
  };
  if (told == nullptr) return "the Management API answered " + std::to_string(answer.status);
  std::string message = text(*told, "message");
  const json::value* details = told->if_contains("details");
  if (details == nullptr || !details->is_array()) return message;
  for (const json::value& detail : details->as_array()) {
    if (!detail.is_object()) continue;
    message += "\n  " + text(detail.as_object(), "field") + ": " + text(detail.as_object(), "problem");
  }
  return message;
}

}  // namespace

Result<AdminAnswer> AdminClient::send(const AdminRequest& request) const {
  Result<AdminConnection> connection = AdminConnection::open(address_.server, call_wait_max);
  if (!connection) return fail(std::move(connection.error()));
  const Result<void> sent = connection->send(request_bytes(request, address_));
  // A body that is too large is refused before all of it has left.
  if (!sent && sent.error().kind != FaultKind::broken) return fail(sent.error());
  std::string bytes;
  for (;;) {
    const Result<Received> received = receive_head(*connection, bytes, request.method);
    if (!received) return fail(sent ? received.error() : sent.error());
    const int status = received->head.status;
    if (status >= 100 && status < 200) {
      bytes.erase(0, received->head_bytes);
      continue;
    }
    Result<std::string> body = receive_body(*connection, received->head, bytes.substr(received->head_bytes));
    if (!body) return fail(std::move(body.error()));
    return AdminAnswer{status, std::move(*body)};
  }
}

Result<AdminAnswer> AdminClient::send_and_check(const AdminRequest& request) const {
  Result<AdminAnswer> answer = send(request);
  if (!answer || (answer->status >= 200 && answer->status <= 299)) return answer;
  return fail({FaultKind::forbidden, FaultSource::upstream, false, refusal_text(*answer), {}});
}

Result<std::string> AdminClient::text(std::string path) const {
  Result<AdminAnswer> answer = send_and_check({.path = std::move(path)});
  if (!answer) return fail(std::move(answer.error()));
  return std::move(answer->body);
}

Result<json::value> AdminClient::ask(const AdminRequest& request) const {
  const Result<AdminAnswer> answer = send_and_check(request);
  if (!answer) return fail(answer.error());
  if (answer->body.empty()) return json::value();
  boost::system::error_code broken;
  json::value body = json::parse(answer->body, broken);
  if (broken) return bad_answer("it is no JSON");
  return body;
}

Result<json::value> AdminClient::get(std::string path) const {
  return ask({.path = std::move(path)});
}

Result<json::value> AdminClient::write(std::string method, std::string path, const json::value& body) const {
  return ask({.method = std::move(method), .path = std::move(path), .body = json::serialize(body)});
}

Result<json::array> AdminClient::list(const std::string& path, const std::string& query, std::size_t rows_max) const {
  constexpr std::size_t page_max = 500;
  json::array rows;
  std::string cursor;
  do {
    std::string asked = path + "?limit=" + std::to_string(std::min(rows_max - rows.size(), page_max)) + query;
    if (!cursor.empty()) asked += "&cursor=" + percent_encoded(cursor);
    Result<json::value> page = get(std::move(asked));
    if (!page) return fail(std::move(page.error()));
    json::value* read = page->is_object() ? page->as_object().if_contains("data") : nullptr;
    if (read == nullptr || !read->is_array()) return bad_answer("a list without data");
    for (json::value& row : read->as_array())
      rows.push_back(std::move(row));
    const json::value* next = page->as_object().if_contains("next_cursor");
    cursor = next != nullptr && next->is_string() ? std::string(next->as_string()) : std::string();
  } while (!cursor.empty() && rows.size() < rows_max);
  return rows;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string encoded;
  for (const char letter : text) {
    if (plain.contains(letter)) {
      encoded += letter;
      continue;
    }
    const auto byte = static_cast<unsigned char>(letter);
    encoded += {'%', digits[byte >> 4U], digits[byte & 15U]};
  }
  return encoded;
}

}  // namespace obleth::cli
