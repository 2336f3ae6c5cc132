// Any bytes as a segment of the spool: never a crash, and nothing is read that was not written.
//
// First the bytes as they are, at two sizes of the window. Then as a list of blows on a segment that was written well:
// what is read from it afterwards was written, whole, at that place, and all records that no blow hit are found.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/spool/row_encoding.hpp"
#include "adapters/spool/segment_format.hpp"
#include "adapters/spool/segment_reader.hpp"
#include "base/ensure.hpp"

namespace {

using namespace obleth;
using namespace obleth::adapters;

constexpr Bits128 segment{0x1234, 0x5678};

struct Place {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  bool operator==(const Place&) const = default;
};

std::vector<Place> records_in(std::string_view bytes, std::size_t window_bytes) {
  std::vector<Place> records;
  std::size_t at = 0;
  while (at < bytes.size()) {
    const std::string_view window = bytes.substr(at, window_bytes);
    SegmentReader reader({.bytes = window,
                          .offset = segment_head_bytes + at,
                          .seed = segment_seed(segment),
                          .is_end = at + window.size() == bytes.size()});
    std::uint64_t end_before = segment_head_bytes + at;
    Finding found = reader.next();
    for (; found.what != Finding::What::end && found.what != Finding::What::more; found = reader.next()) {
      ensure(found.begin == end_before && found.end > found.begin, "findings follow each other");
      end_before = found.end;
      if (found.what != Finding::What::record) continue;
      records.push_back({found.begin, found.end});
      static_cast<void>(decode_row(found.payload));
    }
    if (found.what == Finding::What::end) return records;
    ensure(found.begin > segment_head_bytes + at, "a window of the largest record makes progress");
    at = found.begin - segment_head_bytes;
  }
  return records;
}

struct Written {
  std::string bytes;
  std::vector<Place> records;
};

Written write_well() {
  Written written;
  for (std::size_t number = 0; number < 12; ++number) {
    std::string record(record_head_bytes + number * 7 % 40, static_cast<char>('a' + number));
    if (number % 3 == 0) record += record_sync_word;
    const std::uint64_t begin = segment_head_bytes + written.bytes.size();
    put_record_head(record, begin, segment_seed(segment));
    written.bytes += record;
    written.records.push_back({begin, begin + record.size()});
  }
  return written;
}

void strike(const Written& written, std::string_view blows) {
  std::string bytes = written.bytes;
  for (; blows.size() >= 3; blows.remove_prefix(3)) {
    const std::size_t at =
        (static_cast<unsigned char>(blows[0]) * 256U + static_cast<unsigned char>(blows[1])) % bytes.size();
    bytes[at] = blows[2];
  }
  const std::vector<Place> read = records_in(bytes, SIZE_MAX);
  for (const Place& place : read) {
    ensure(std::ranges::find(written.records, place) != written.records.end(), "a record was invented");
    const std::size_t begin = place.begin - segment_head_bytes;
    const std::size_t size = place.end - place.begin;
    ensure(bytes.compare(begin, size, written.bytes, begin, size) == 0, "a damaged record was taken");
  }
  for (const Place& place : written.records) {
    const std::size_t begin = place.begin - segment_head_bytes;
    const bool untouched =
        bytes.compare(begin, place.end - place.begin, written.bytes, begin, place.end - place.begin) == 0;
    ensure(!untouched || std::ranges::find(read, place) != read.end(), "a record that nothing hit was lost");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  static const Written written = write_well();
  const std::string_view bytes(reinterpret_cast<const char*>(input), size);
  const std::vector<Place> whole = records_in(bytes, SIZE_MAX);
  const std::vector<Place> in_parts = records_in(bytes, record_head_bytes + record_payload_bytes_max + 1);
  ensure(whole == in_parts, "the window changes what is read");
  static_cast<void>(decode_row(bytes));
  static_cast<void>(judge_segment_head(bytes, segment));
  strike(written, bytes);
  return 0;
}
