#include "adapters/clickhouse/clickhouse_link.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace obleth::adapters {
namespace {

constexpr int status_ok = 200;
constexpr std::size_t answer_bytes_max = 256ULL << 20;
constexpr std::size_t message_chars_max = 300;
constexpr Duration idle_max = std::chrono::seconds(30);

// Codes of errors that a repetition meets again: unparsable rows, no such table or column, syntax, unknown setting.
constexpr std::array permanent_codes{27, 62, 60, 115, 117};

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string encoded;
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    const bool is_plain = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                          (byte >= 'a' && byte <= 'z') || byte == '_' || byte == '-' || byte == '.';
    if (is_plain) {
      encoded += letter;
    } else {
      encoded.append({'%', digits[byte >> 4], digits[byte & 0xF]});
    }
  }
  return encoded;
}

Result<std::string> gzipped(const std::string& plain) {
  constexpr int gzip_window = 15 + 16;
  constexpr int memory_level = 8;
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, gzip_window, memory_level, Z_DEFAULT_STRATEGY) != Z_OK)
    return fail(store_fault(FaultKind::unavailable, "rows could not be compressed: no memory"));
  std::string packed(deflateBound(&stream, plain.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const bool whole = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  if (!whole) return fail(store_fault(FaultKind::unavailable, "rows could not be compressed"));
  return packed;
}

// "Code: 60, e.displayText() = DB::Exception: …", the same in every version so far.
int code_of(std::string_view answer) {
  constexpr std::string_view mark = "Code: ";
  const std::size_t at = answer.find(mark);
  int code = 0;
  if (at == std::string_view::npos) return code;
  const char* first = answer.data() + at + mark.size();
  std::from_chars(first, answer.data() + answer.size(), code);
  return code;
}

Fault fault_of_answer(int status, std::string_view answer) {
  const int code = code_of(answer);
  const bool is_permanent = std::ranges::find(permanent_codes, code) != permanent_codes.end();
  std::string said(answer.substr(0, std::min(answer.find('\n'), message_chars_max)));
  if (said.empty()) said = "status " + std::to_string(status);
  return store_fault(is_permanent ? FaultKind::invalid : FaultKind::unavailable, "ClickHouse says: " + said);
}

}  // namespace

std::string quoted(std::string_view text) {
  std::string literal = "'";
  for (const char letter : text) {
    if (letter == '\'' || letter == '\\') literal += '\\';
    literal += letter;
  }
  return literal + "'";
}

void ClickHouseLink::watch(WatchHealth health, WatchCalls calls) {
  watch_health_ = std::move(health);
  watch_calls_ = std::move(calls);
}

Task<Result<std::string>> ClickHouseLink::ask(std::string sql) {
  if (loop_.now() < refused_until_) co_return fail(store_fault(FaultKind::unavailable, why_refused_));
  Statement statement{.operation = "question", .body = std::move(sql), .at_most = settings_.question_max};
  co_return co_await send(std::move(statement));
}

Task<Result<std::string>> ClickHouseLink::work(std::string sql) {
  Statement statement{.operation = "work", .body = std::move(sql), .at_most = settings_.insert_max};
  co_return co_await send(std::move(statement));
}

Task<Result<void>> ClickHouseLink::insert(std::string into, std::string rows) {
  Result<std::string> packed = gzipped(rows);
  if (!packed) co_return fail(std::move(packed.error()));
  Statement statement{.operation = "insert",
                      .parameters = "&query=" + percent_encoded("INSERT INTO " + into + " FORMAT RowBinary"),
                      .body = std::move(*packed),
                      .compressed = true,
                      .at_most = settings_.insert_max};
  const Result<std::string> answer = co_await send(std::move(statement));
  if (!answer) co_return fail(answer.error());
  co_return Result<void>{};
}

Task<Result<std::string>> ClickHouseLink::send(Statement statement) {
  const Instant began = loop_.now();
  Result<std::string> answer = co_await exchange(statement);
  note(answer);
  if (watch_calls_) watch_calls_(statement.operation, loop_.now() - began);
  co_return answer;
}

void ClickHouseLink::note(const Result<std::string>& answer) {
  const bool answered = answer || answer.error().kind == FaultKind::invalid;
  if (!answered) {
    refused_until_ = loop_.now() + settings_.refused_for;
    why_refused_ = answer.error().message;
  }
  if (watch_health_) watch_health_(answered, answered ? std::string() : answer.error().message);
}

Task<Result<std::string>> ClickHouseLink::exchange(const Statement& statement) {
  const auto limit_seconds = std::chrono::ceil<std::chrono::seconds>(statement.at_most).count();
  const std::string target = settings_.address.base_path +
                             "/?wait_end_of_query=1&max_execution_time=" + std::to_string(limit_seconds) +
                             statement.parameters;
  std::string head = "POST " + target + " HTTP/1.1\r\nHost: " + settings_.address.authority +
                     "\r\nContent-Length: " + std::to_string(statement.body.size()) + "\r\n";
  if (!settings_.user.empty()) {
    head.append("X-ClickHouse-User: ").append(settings_.user).append("\r\nX-ClickHouse-Key: ");
    head.append(settings_.password.reveal()).append("\r\n");
  }
  if (statement.compressed) head += "Content-Encoding: gzip\r\n";
  head += "\r\n";
  const std::string_view body = statement.body;
  const ports::UpstreamCall call{.address = &settings_.address,
                                 .head = head,
                                 .body = std::span(&body, body.empty() ? 0 : 1),
                                 .head_timeout = statement.at_most,
                                 .idle_timeout = idle_max};
  const auto unreached = [](const Fault& fault) {
    return fail(store_fault(FaultKind::unavailable, "ClickHouse cannot be reached: " + fault.message));
  };
  Result<std::unique_ptr<ports::UpstreamAnswer>> answer = co_await upstream_.send(call);
  if (!answer) co_return unreached(answer.error());
  const int status = (*answer)->head().status;
  std::string text;
  while (text.size() <= answer_bytes_max) {
    const Result<std::string_view> more = co_await (*answer)->read();
    if (!more) co_return unreached(more.error());
    if (more->empty()) break;
    text.append(*more);
  }
  if (text.size() > answer_bytes_max)
    co_return fail(store_fault(FaultKind::too_large, "ClickHouse's answer is too long"));
  if (status != status_ok) co_return fail(fault_of_answer(status, text));
  co_return text;
}

}  // namespace obleth::adapters
