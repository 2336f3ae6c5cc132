#include "cli/admin_client.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

namespace obleth::cli {
namespace {

namespace json = boost::json;

Result<AdminAnswer> gather(AdminExchange& exchange) {
  AdminAnswer answer{.status = exchange.status(), .body = {}};
  for (;;) {
    const Result<std::string_view> piece = exchange.read();
    if (!piece) return fail(piece.error());
    if (piece->empty()) return answer;
    if (answer.body.size() + piece->size() > answer_bytes_max) return bad_answer("it is too long");
    answer.body += *piece;
  }
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

bool is_good(int status) {
  return status >= 200 && status <= 299;
}

std::unexpected<Fault> refused(const AdminAnswer& answer) {
  return fail({FaultKind::forbidden, FaultSource::upstream, false, refusal_text(answer), {}});
}

}  // namespace

Result<AdminAnswer> AdminClient::send(const AdminRequest& request) const {
  Result<AdminExchange> exchange = AdminExchange::begin(address_, request);
  if (!exchange) return fail(std::move(exchange.error()));
  if (!exchange->warning().empty()) warn_(exchange->warning());
  return gather(*exchange);
}

Result<AdminAnswer> AdminClient::send_and_check(const AdminRequest& request) const {
  Result<AdminAnswer> answer = send(request);
  if (!answer || is_good(answer->status)) return answer;
  return refused(*answer);
}

Result<std::string> AdminClient::text(std::string path) const {
  Result<AdminAnswer> answer = send_and_check({.path = std::move(path)});
  if (!answer) return fail(std::move(answer.error()));
  return std::move(answer->body);
}

Result<void> AdminClient::stream(std::string path, const TakePiece& take) const {
  Result<AdminExchange> exchange = AdminExchange::begin(address_, {.path = std::move(path)});
  if (!exchange) return fail(std::move(exchange.error()));
  if (!is_good(exchange->status())) {
    const Result<AdminAnswer> refusal = gather(*exchange);
    return refusal ? refused(*refusal) : fail(refusal.error());
  }
  for (;;) {
    const Result<std::string_view> piece = exchange->read();
    if (!piece) return fail(piece.error());
    if (piece->empty() || !take(*piece)) return {};
  }
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
