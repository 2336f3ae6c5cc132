#include "wire/chunk_decoder.hpp"

#include <algorithm>

#include "wire/http_syntax.hpp"

namespace obleth::wire {
namespace {

constexpr std::uint8_t size_digits_max = 16;

}  // namespace

ChunkDecoder::Step ChunkDecoder::feed(std::string_view bytes) {
  Step step;
  while (step.consumed < bytes.size() && phase_ != Phase::done && phase_ != Phase::fault) {
    if (phase_ != Phase::payload) {
      const std::size_t taken = take_line(bytes.substr(step.consumed));
      if (taken == 0) phase_ = next_phase(bytes[step.consumed]);
      step.consumed += std::max<std::size_t>(taken, 1);
      continue;
    }
    if (!step.payload.empty()) break;
    const auto take = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - step.consumed));
    step.payload = bytes.substr(step.consumed, take);
    step.consumed += take;
    left_ -= take;
    if (left_ == 0) phase_ = Phase::payload_cr;
  }
  step.state = state();
  return step;
}

ChunkDecoder::State ChunkDecoder::state() const {
  if (phase_ == Phase::done) return State::done;
  return phase_ == Phase::fault ? State::fault : State::more;
}

// A stream of events has these two lines around each of them, whole: by the byte they cost as much as the rest of its
// way.
std::size_t ChunkDecoder::take_line(std::string_view bytes) {
  if (phase_ == Phase::payload_cr) {
    if (!bytes.starts_with("\r\n")) return 0;
    phase_ = Phase::size;
    return 2;
  }
  if (phase_ != Phase::size || digits_ != 0) return 0;
  std::uint64_t size = 0;
  std::size_t at = 0;
  for (; at < bytes.size() && at <= size_digits_max; ++at) {
    const int digit = hex_value(bytes[at]);
    if (digit < 0) break;
    size = size << 4 | static_cast<std::uint64_t>(digit);
  }
  if (size == 0 || at > size_digits_max || !bytes.substr(at).starts_with("\r\n")) return 0;
  left_ = size;
  phase_ = Phase::payload;
  return at + 2;
}

ChunkDecoder::Phase ChunkDecoder::next_phase(char c) {
  switch (phase_) {
    case Phase::size:
      return after_size(c);
    case Phase::size_blank:
      return behind_size(c);
    case Phase::extension:
      return after_extension(c);
    case Phase::size_lf:
      if (c != '\n') return Phase::fault;
      digits_ = 0;
      if (source_ == ChunkSource::server) extension_bytes_ = 0;
      return left_ == 0 ? Phase::trailer_start : Phase::payload;
    case Phase::payload_cr:
      return c == '\r' ? Phase::payload_lf : Phase::fault;
    case Phase::payload_lf:
      return c == '\n' ? Phase::size : Phase::fault;
    case Phase::trailer_start:
    case Phase::trailer_name:
    case Phase::trailer_value:
    case Phase::trailer_lf:
    case Phase::last_lf:
      return after_trailer(c);
    case Phase::payload:
    case Phase::done:
    case Phase::fault:
      break;
  }
  return Phase::fault;
}

ChunkDecoder::Phase ChunkDecoder::after_size(char c) {
  const int digit = hex_value(c);
  if (digit >= 0) {
    if (digits_ == size_digits_max) return Phase::fault;
    ++digits_;
    left_ = left_ << 4 | static_cast<std::uint64_t>(digit);
    return Phase::size;
  }
  return digits_ == 0 ? Phase::fault : behind_size(c);
}

ChunkDecoder::Phase ChunkDecoder::behind_size(char c) {
  if (c == '\r') return Phase::size_lf;
  if (c == ';') return after_extension(c);
  const bool is_blank = c == ' ' || c == '\t';
  if (!is_blank || source_ != ChunkSource::server || after_extension(c) == Phase::fault) return Phase::fault;
  return Phase::size_blank;
}

ChunkDecoder::Phase ChunkDecoder::after_extension(char c) {
  if (c == '\r') return Phase::size_lf;
  if (!is_in(c, value_char) || extension_bytes_ == chunk_extension_bytes_max) return Phase::fault;
  ++extension_bytes_;
  return Phase::extension;
}

ChunkDecoder::Phase ChunkDecoder::after_trailer(char c) {
  if (trailer_bytes_ == chunk_trailer_bytes_max) return Phase::fault;
  ++trailer_bytes_;
  switch (phase_) {
    case Phase::trailer_start:
      if (c == '\r') return Phase::last_lf;
      return is_in(c, token_char) ? Phase::trailer_name : Phase::fault;
    case Phase::trailer_name:
      if (c == ':') return Phase::trailer_value;
      return is_in(c, token_char) ? Phase::trailer_name : Phase::fault;
    case Phase::trailer_value:
      if (c == '\r') return Phase::trailer_lf;
      return is_in(c, value_char) ? Phase::trailer_value : Phase::fault;
    case Phase::trailer_lf:
      return c == '\n' ? Phase::trailer_start : Phase::fault;
    default:
      return c == '\n' ? Phase::done : Phase::fault;
  }
}

}  // namespace obleth::wire
