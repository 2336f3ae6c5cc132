#include "adapters/spool/segment_reader.hpp"

#include <algorithm>

#include "adapters/spool/crc32c.hpp"
#include "adapters/spool/segment_format.hpp"

namespace obleth::adapters {
namespace {

std::uint64_t sync_words_in(std::string_view bytes) {
  std::uint64_t count = 0;
  for (std::size_t at = bytes.find(record_sync_word); at != std::string_view::npos;
       at = bytes.find(record_sync_word, at + record_sync_word.size()))
    ++count;
  return count;
}

}  // namespace

Finding SegmentReader::next() {
  const std::uint64_t begin = window_.offset + at_;
  const std::string_view rest = rest_from(at_);
  if (rest.empty()) return {.what = window_.is_end ? Finding::What::end : Finding::What::more, .begin = begin};
  if (rest.size() < record_head_bytes) return at_short_end(begin);
  const auto head = read_record_head(rest, begin, window_.seed);
  if (!head) return past_damage(begin);
  const std::size_t size = record_head_bytes + head->payload_bytes;
  if (rest.size() < size) return at_short_end(begin);
  const std::string_view payload = rest.substr(record_head_bytes, head->payload_bytes);
  at_ += size;
  if (crc32c(window_.seed, payload) != head->payload_crc) {
    return {.what = Finding::What::damage, .begin = begin, .end = begin + size, .records_lost = 1};
  }
  return {.what = Finding::What::record, .begin = begin, .end = begin + size, .kind = head->kind, .payload = payload};
}

// A record that ends beyond the window, or beyond the segment.
Finding SegmentReader::at_short_end(std::uint64_t begin) {
  if (!window_.is_end) return {.what = Finding::What::more, .begin = begin};
  at_ = window_.bytes.size();
  return {.what = Finding::What::torn_tail, .begin = begin, .end = window_.offset + at_};
}

// Goes on at the next place where the head of a record stands, whole; its payload is judged when it is come to.
Finding SegmentReader::past_damage(std::uint64_t begin) {
  const std::size_t from = at_;
  std::size_t found = window_.bytes.find(record_sync_word, from + 1);
  while (found != std::string_view::npos && window_.bytes.size() - found >= record_head_bytes) {
    if (read_record_head(rest_from(found), window_.offset + found, window_.seed)) break;
    found = window_.bytes.find(record_sync_word, found + 1);
  }
  const bool resumes = found != std::string_view::npos && window_.bytes.size() - found >= record_head_bytes;
  if (resumes) {
    at_ = found;
  } else {
    // What may still be the begin of a head is looked at again in the next window.
    const std::size_t undecided = window_.is_end ? 0 : record_head_bytes - 1;
    at_ = std::max(from + 1, window_.bytes.size() - std::min(window_.bytes.size(), undecided));
  }
  const std::string_view damaged = window_.bytes.substr(from, at_ - from);
  // A power loss may leave a file that has grown and holds nothing there yet.
  const bool blank = !resumes && window_.is_end && damaged.find_first_not_of('\0') == std::string_view::npos;
  return {.what = blank ? Finding::What::torn_tail : Finding::What::damage,
          .begin = begin,
          .end = window_.offset + at_,
          .records_lost = blank ? 0 : std::max<std::uint64_t>(1, sync_words_in(damaged))};
}

}  // namespace obleth::adapters
