#include "mock/answer_writer.hpp"

#include <utility>

namespace obleth::mock {

Task<Result<void>> AnswerWriter::send(std::string& bytes) {
  const std::size_t size = chunk_bytes_ == 0 ? bytes.size() : chunk_bytes_;
  std::size_t sent = 0;
  while (size > 0 && bytes.size() - sent >= size) {
    const std::string_view piece = std::string_view(bytes).substr(sent, size);
    auto put_piece = co_await put(piece);
    if (!put_piece) co_return put_piece;
    sent += size;
  }
  bytes.erase(0, sent);
  co_return Result<void>();
}

Task<Result<void>> AnswerWriter::send_rest(std::string& bytes) {
  auto sent = co_await send(bytes);
  if (!sent) co_return sent;
  if (bytes.empty() && exchange_.started()) co_return Result<void>();
  sent = co_await put(bytes);
  bytes.clear();
  co_return sent;
}

Task<Result<void>> AnswerWriter::finish(std::string& bytes) {
  if (chunk_bytes_ != 0 || !exchange_.started()) {
    auto sent = co_await send_rest(bytes);
    if (!sent) co_return sent;
  }
  auto finished = co_await exchange_.finish(bytes);
  co_return finished;
}

Task<Result<void>> AnswerWriter::put(std::string_view piece) {
  if (exchange_.started()) {
    auto written = co_await exchange_.write(piece);
    co_return written;
  }
  auto started = co_await exchange_.start(head_.status, head_.lines, head_.content_length, piece);
  co_return started;
}

}  // namespace obleth::mock
