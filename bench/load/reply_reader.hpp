// Reads one HTTP answer as it arrives and counts its server-sent events. One per connection; no thread of its own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "wire/chunk_decoder.hpp"

namespace obleth::bench {

class ReplyReader {
 public:
  enum class State : std::uint8_t { head, body, complete, fault };

  // Takes what was received; what follows the end of the answer is a fault, as nothing is pipelined.
  void feed(std::string_view bytes);
  // For the next answer.
  void begin() { *this = ReplyReader(); }

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] bool keeps_alive() const { return keeps_alive_; }
  [[nodiscard]] bool has_body_bytes() const { return body_bytes_ > 0; }
  [[nodiscard]] std::uint64_t events() const { return events_; }

 private:
  void read_head(std::string_view bytes);
  void read_body(std::string_view bytes);
  void take_payload(std::string_view payload);

  State state_ = State::head;
  bool is_chunked_ = false;
  bool keeps_alive_ = true;
  char last_ = 0;  // of the payload so far: an event ends at "\n\n", which may be split
  int status_ = 0;
  std::uint64_t left_ = 0;  // of a body with a length
  std::uint64_t body_bytes_ = 0;
  std::uint64_t events_ = 0;
  wire::ChunkDecoder chunks_;
  std::string head_;  // only while a head is split
};

}  // namespace obleth::bench
