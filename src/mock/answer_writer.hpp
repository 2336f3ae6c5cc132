// Sends an answer in the pieces that it is made in, or in writes of a given size whatever its events are.
//
// Thread: the connection's; one per answer. The head leaves with the first bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/task.hpp"
#include "ports/http_service.hpp"

namespace obleth::mock {

struct AnswerHead {
  int status = 200;
  std::string lines;
  std::optional<std::uint64_t> content_length;
};

class AnswerWriter {
 public:
  AnswerWriter(ports::ClientExchange& exchange, AnswerHead head, std::int64_t chunk_bytes)
      : exchange_(exchange), head_(std::move(head)), chunk_bytes_(static_cast<std::size_t>(chunk_bytes)) {}

  // Sends what fills whole writes and keeps the rest in bytes.
  [[nodiscard]] Task<Result<void>> send(std::string& bytes);
  // Sends all of it, and nothing more of the answer.
  [[nodiscard]] Task<Result<void>> send_rest(std::string& bytes);
  [[nodiscard]] Task<Result<void>> finish(std::string& bytes);

 private:
  [[nodiscard]] Task<Result<void>> put(std::string_view piece);

  ports::ClientExchange& exchange_;
  AnswerHead head_;
  const std::size_t chunk_bytes_;  // 0 = as they come
};

}  // namespace obleth::mock
