// The framing of one request body: how many bytes of what arrives belong to it, and which of them are payload. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "adapters/http_server/inflow.hpp"
#include "domain/http_message.hpp"
#include "wire/chunk_decoder.hpp"

namespace obleth::adapters {

class RequestBody {
 public:
  enum class State : std::uint8_t { more, done, too_large, malformed };

  void begin(const RequestHead& head, std::uint64_t bytes_max);
  // Counted after decoding; inclusive.
  void limit(std::uint64_t bytes_max) { bytes_max_ = bytes_max; }

  // The next payload in what has arrived; empty: see state(). Consumes it; the view lives as Inflow::consume says.
  [[nodiscard]] std::string_view take(Inflow& inflow);
  // Reads past the rest of the body, whatever the limit: gives the bytes used up.
  std::uint64_t skip(Inflow& inflow);
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool is_done() const { return state_ == State::done; }
  // False: what is still to come is no more than this.
  [[nodiscard]] bool may_exceed(std::uint64_t bytes) const {
    return !is_done() && (framing_ == BodyFraming::chunked || left_ > bytes);
  }

 private:
  [[nodiscard]] std::string_view decode(Inflow& inflow);

  BodyFraming framing_ = BodyFraming::none;
  State state_ = State::done;
  std::uint64_t left_ = 0;  // by Content-Length
  std::uint64_t taken_ = 0;
  std::uint64_t bytes_max_ = 0;
  wire::ChunkDecoder chunks_;
};

}  // namespace obleth::adapters
