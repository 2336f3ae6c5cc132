// An answer on its way into the response cache: a copy of what passes, in a bounded pool, until it is whole.
//
// Made by recall_response for a question whose answer may be kept; whoever finds that it may not lets it go. One
// request's; connection's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/body_memory.hpp"
#include "ports/response_cache.hpp"

namespace obleth::gateway {

class AnswerCapture {
 public:
  AnswerCapture(ports::ResponseCache& cache, const ports::AnswerName& name, Duration lifetime, BodyMemory::Lease lease)
      : cache_(cache), name_(name), lifetime_(lifetime), lease_(std::move(lease)) {}

  [[nodiscard]] const ports::AnswerName& name() const { return name_; }

  void begin(std::string head_lines, bool event_stream);
  // The next bytes that the client is told. False: the answer is too long, or the pool is full; it cannot be kept.
  [[nodiscard]] bool take(std::string_view bytes);
  // It says that it failed, in its body.
  [[nodiscard]] bool tells_failure() const;
  // It is whole. After begin, and nothing comes after it.
  void keep(const TokenUsage& usage, WallTime now);

 private:
  ports::ResponseCache& cache_;
  const ports::AnswerName name_;
  const Duration lifetime_;
  BodyMemory::Lease lease_;
  std::shared_ptr<ports::KeptAnswer> answer_;  // null before begin
};

}  // namespace obleth::gateway
