#include "wire/json_rpc.hpp"

#include <charconv>

#include "base/json_string.hpp"
#include "wire/json_cursor.hpp"

namespace obleth::wire {
namespace {

constexpr std::string_view tool_call = "tools/call";

// One message; false from a function: the text is not JSON, or not a message, and the walk is over.
class MessageReader {
 public:
  explicit MessageReader(JsonCursor& cursor) : cursor_(cursor) {}

  bool read() {
    const bool whole = cursor_.take_object([this](const JsonString& key) { return read_member(key); });
    return whole && is_message();
  }
  [[nodiscard]] bool is_rpc() const { return !refused_; }
  [[nodiscard]] RpcMessage take() {
    if (message_.method != tool_call) {
      message_.tool.reset();
      message_.arguments = {};
    }
    return std::move(message_);
  }

 private:
  enum Member : std::uint8_t { version, id, method, params, result, error, name, arguments, code, is_error, count };

  bool refuse() {
    refused_ = true;
    return false;
  }
  bool first_time(Member member) {
    const std::uint32_t bit = 1U << member;
    if ((seen_ & bit) != 0) return refuse();
    seen_ |= bit;
    return true;
  }
  [[nodiscard]] bool has(Member member) const { return (seen_ & (1U << member)) != 0; }

  bool read_member(const JsonString& key) {
    if (key.equals("jsonrpc")) return first_time(version) && read_version();
    if (key.equals("id")) return first_time(id) && read_id();
    if (key.equals("method")) return first_time(method) && read_method();
    if (key.equals("params")) return first_time(params) && read_params();
    if (key.equals("result")) return first_time(result) && read_result();
    if (key.equals("error")) return first_time(error) && read_error();
    if (key.folds_to("method") || key.folds_to("params")) return refuse();
    return cursor_.skip_value();
  }

  bool read_version() {
    if (cursor_.peek() != '"') return refuse();
    const auto text = cursor_.take_string();
    if (!text) return false;
    return text->equals("2.0") || refuse();
  }

  // A string or a number; null is given in answers to what could not be read.
  bool read_id() {
    const char first = cursor_.peek();
    if (first == '{' || first == '[' || first == 't' || first == 'f') return refuse();
    const std::size_t begin = cursor_.position();
    if (!cursor_.skip_value()) return false;
    id_is_null_ = first == 'n';
    if (!id_is_null_) message_.id = cursor_.since(begin);
    return message_.id.size() <= rpc_id_bytes_max || refuse();
  }

  bool read_text(std::string& text) {
    if (cursor_.peek() != '"') return refuse();
    const auto found = cursor_.take_string();
    if (!found) return false;
    if (!found->unescape(text) || text.size() > rpc_name_bytes_max) return refuse();
    return true;
  }
  bool read_method() { return read_text(message_.method); }

  bool read_params() {
    if (cursor_.peek() != '{') return cursor_.skip_value();
    return cursor_.take_object([this](const JsonString& key) {
      if (key.equals("name")) return first_time(name) && read_name();
      if (key.equals("arguments")) return first_time(arguments) && read_arguments();
      names_folded_ |= key.folds_to("name") || key.folds_to("arguments");
      return cursor_.skip_value();
    });
  }
  // Of methods that we do not look into, a name may be anything.
  bool read_name() {
    if (cursor_.peek() != '"') return cursor_.skip_value();
    const auto found = cursor_.take_string();
    if (!found) return false;
    std::string text;
    if (found->unescape(text) && text.size() <= rpc_name_bytes_max) message_.tool = std::move(text);
    return true;
  }
  bool read_arguments() {
    cursor_.peek();
    const std::size_t begin = cursor_.position();
    if (!cursor_.skip_value()) return false;
    message_.arguments = cursor_.since(begin);
    return true;
  }

  bool read_result() {
    if (cursor_.peek() != '{') return cursor_.skip_value();
    return cursor_.take_object([this](const JsonString& key) {
      if (!key.equals("isError") || cursor_.peek() != 't') return cursor_.skip_value();
      message_.tool_failed = true;
      return cursor_.take_literal("true");
    });
  }

  bool read_error() {
    if (cursor_.peek() != '{') return refuse();
    message_.error_code = 0;
    return cursor_.take_object([this](const JsonString& key) {
      return key.equals("code") ? first_time(code) && read_code() : cursor_.skip_value();
    });
  }
  bool read_code() {
    const auto number = cursor_.take_number();
    if (!number) return false;
    std::int64_t value = 0;
    const auto [end, fault] = std::from_chars(number->data(), number->data() + number->size(), value);
    if (fault == std::errc{} && end == number->data() + number->size()) message_.error_code = value;
    return true;
  }

  bool is_message() {
    if (!has(version)) return refuse();
    if (message_.method == tool_call && names_folded_) return refuse();
    if (has(method)) {
      if (has(result) || has(error) || id_is_null_) return refuse();
      message_.kind = has(id) ? RpcKind::request : RpcKind::notification;
      return true;
    }
    message_.kind = RpcKind::response;
    const bool one_end = has(result) != has(error);
    return (one_end && has(id) && (!id_is_null_ || has(error))) || refuse();
  }

  JsonCursor& cursor_;
  RpcMessage message_;
  std::uint32_t seen_ = 0;
  bool id_is_null_ = false;
  bool names_folded_ = false;  // a parameter that some readers take for the tool's name, or its arguments
  bool refused_ = false;
};

// An id that is a string; nothing: it is none, or no text.
std::optional<std::string> text_of_id(std::string_view id) {
  JsonCursor cursor(id);
  const auto found = cursor.peek() == '"' ? cursor.take_string() : std::nullopt;
  std::string text;
  if (!found || !found->unescape(text)) return std::nullopt;
  return text;
}

// Nothing: it is no number, or one that no double holds.
std::optional<double> number_of_id(std::string_view id) {
  double number = 0;
  const auto [end, fault] = std::from_chars(id.data(), id.data() + id.size(), number);
  if (fault != std::errc{} || end != id.data() + id.size()) return std::nullopt;
  return number;
}

RpcFault fault_of(bool is_rpc) {
  return is_rpc ? RpcFault::not_json : RpcFault::not_rpc;
}

}  // namespace

std::expected<RpcDocument, RpcFault> read_json_rpc(std::string_view text) {
  JsonCursor cursor(text);
  RpcDocument document{.batch = cursor.peek() == '['};
  RpcFault fault = RpcFault::not_json;
  const auto read_one = [&] {
    if (document.messages.size() == rpc_batch_max) {
      fault = RpcFault::too_many;
      return false;
    }
    if (cursor.peek() != '{') {
      // Whether it is JSON all the same.
      fault = cursor.skip_value() ? RpcFault::not_rpc : RpcFault::not_json;
      return false;
    }
    MessageReader reader(cursor);
    const bool whole = reader.read();
    fault = fault_of(reader.is_rpc());
    if (whole) document.messages.push_back(reader.take());
    return whole;
  };
  const bool whole = document.batch ? cursor.take_array(read_one) : read_one();
  if (!whole) return std::unexpected(fault);
  if (!cursor.at_end()) return std::unexpected(RpcFault::not_json);
  if (document.messages.empty()) return std::unexpected(RpcFault::not_rpc);
  return document;
}

bool same_rpc_id(std::string_view a, std::string_view b) {
  if (a == b) return true;
  if (a.empty() || b.empty()) return false;
  const bool is_text = a.front() == '"';
  if (is_text != (b.front() == '"')) return false;
  if (!is_text) {
    const auto number = number_of_id(a);
    return number && number == number_of_id(b);
  }
  const bool any_escape = a.contains('\\') || b.contains('\\');
  if (!any_escape) return false;
  const auto text = text_of_id(a);
  return text && text == text_of_id(b);
}

void append_rpc_error(std::string& out, const RpcError& error) {
  out += R"({"jsonrpc":"2.0","id":)";
  out += error.id.empty() ? std::string_view("null") : error.id;
  out += R"(,"error":{"code":)" + std::to_string(error.code) + R"(,"message":")";
  append_json_string(out, error.message);
  out += '"';
  out += error.extra;
  out += "}}";
}

}  // namespace obleth::wire
