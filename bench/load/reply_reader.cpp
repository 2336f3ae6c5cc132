#include "load/reply_reader.hpp"

#include <algorithm>
#include <variant>

#include "wire/http_head.hpp"

namespace obleth::bench {

void ReplyReader::feed(std::string_view bytes) {
  if (state_ == State::head) return read_head(bytes);
  if (state_ == State::body) return read_body(bytes);
  if (!bytes.empty()) state_ = State::fault;
}

void ReplyReader::read_head(std::string_view bytes) {
  if (!head_.empty()) {
    head_.append(bytes);
    bytes = head_;
  }
  ResponseHead head;
  const wire::HeadOutcome outcome = wire::parse_response_head(bytes, 0, {}, "POST", head);
  if (std::holds_alternative<wire::NeedMoreBytes>(outcome)) {
    if (head_.empty()) head_ = bytes;
    return;
  }
  const auto* parsed = std::get_if<wire::ParsedHead>(&outcome);
  if (parsed == nullptr || head.framing == BodyFraming::until_close) {
    state_ = State::fault;
    return;
  }
  status_ = head.status;
  keeps_alive_ = head.keep_alive;
  is_chunked_ = head.framing == BodyFraming::chunked;
  left_ = head.framing == BodyFraming::length ? head.content_length : 0;
  state_ = State::body;
  read_body(bytes.substr(parsed->bytes));
}

void ReplyReader::read_body(std::string_view bytes) {
  if (!is_chunked_) {
    take_payload(bytes.substr(0, left_));
    if (bytes.size() > left_) {
      state_ = State::fault;
      return;
    }
    left_ -= bytes.size();
    if (left_ == 0) state_ = State::complete;
    return;
  }
  while (true) {
    const wire::ChunkDecoder::Step step = chunks_.feed(bytes);
    take_payload(step.payload);
    bytes.remove_prefix(step.consumed);
    if (step.state != wire::ChunkDecoder::State::more) {
      const bool ended_well = step.state == wire::ChunkDecoder::State::done && bytes.empty();
      state_ = ended_well ? State::complete : State::fault;
      return;
    }
    if (step.consumed == 0) return;
  }
}

void ReplyReader::take_payload(std::string_view payload) {
  body_bytes_ += payload.size();
  for (const char c : payload) {
    if (c == '\n' && last_ == '\n') {
      ++events_;
      last_ = 0;
    } else {
      last_ = c;
    }
  }
}

}  // namespace obleth::bench
