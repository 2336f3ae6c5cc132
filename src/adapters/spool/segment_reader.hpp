// Walks through the records of a segment, past whatever is damaged. Pure: bytes in, findings out; one thread.
//
//   SegmentReader reader({.bytes = window, .offset = where_it_begins, .seed = seed, .is_end = true});
//   for (Finding found = reader.next(); found.what != Finding::What::end; found = reader.next()) …
//
// Whatever stands in the bytes, a finding is a record only if it was written as one at that place of that segment. One
// damaged record costs no other.
#pragma once

#include <cstdint>
#include <string_view>

namespace obleth::adapters {

struct SegmentWindow {
  std::string_view bytes;
  std::uint64_t offset = 0;  // of its first byte in the segment: the begin of a record, or of damage
  std::uint32_t seed = 0;
  bool is_end = true;  // no more bytes follow in the segment
};

struct Finding {
  enum class What : std::uint8_t {
    record,     // whole, and as it was written
    damage,     // bytes that are no record, up to the next one
    torn_tail,  // the record at the end was not written to its end
    more,       // the window ends within a record: go on with one that begins here
    end,
  };
  What what = What::end;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint8_t kind = 0;           // of a record
  std::string_view payload;        // of a record
  std::uint64_t records_lost = 0;  // of damage, as far as it can be told; at least one
};

class SegmentReader {
 public:
  explicit SegmentReader(SegmentWindow window) : window_(window) {}
  [[nodiscard]] Finding next();

 private:
  [[nodiscard]] Finding past_damage(std::uint64_t begin);
  [[nodiscard]] Finding at_short_end(std::uint64_t begin);
  [[nodiscard]] std::string_view rest_from(std::size_t at) const { return window_.bytes.substr(at); }

  SegmentWindow window_;
  std::size_t at_ = 0;  // within the window
};

}  // namespace obleth::adapters
