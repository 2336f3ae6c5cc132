#include "gateway/answer_capture.hpp"

#include <algorithm>
#include <utility>

#include "wire/told_failure.hpp"

namespace obleth::gateway {

void AnswerCapture::begin(std::string head_lines, bool event_stream) {
  answer_ = std::make_shared<ports::KeptAnswer>();
  answer_->head_lines = std::move(head_lines);
  answer_->event_stream = event_stream;
}

// The room doubles, so that an answer of many pieces is copied few times; what is leased is the room.
bool AnswerCapture::take(std::string_view bytes) {
  std::string& body = answer_->body;
  const std::size_t size = body.size() + bytes.size();
  if (size > ports::kept_body_bytes_max) return false;
  if (size > body.capacity()) {
    const std::size_t room = std::min(std::max(size, 2 * body.capacity()), ports::kept_body_bytes_max);
    if (!lease_.grow_to(room)) return false;
    body.reserve(room);
  }
  body.append(bytes);
  return true;
}

bool AnswerCapture::tells_failure() const {
  const std::string& body = answer_->body;
  return answer_->event_stream ? wire::stream_tells_failure(body) : wire::document_tells_failure(body);
}

void AnswerCapture::keep(const TokenUsage& usage, WallTime now) {
  answer_->body.shrink_to_fit();
  answer_->usage = usage;
  answer_->kept_at = now;
  answer_->expires_at = {now.unix_ms + whole_ms(lifetime_)};
  cache_.keep(name_, std::move(answer_));
}

}  // namespace obleth::gateway
