#include "adapters/sqlite/usage_pieces.hpp"

#include <algorithm>

namespace obleth::adapters {
namespace {

std::int64_t length_of(UsageLevel level) {
  switch (level) {
    case UsageLevel::minutes:
      return length_ms(ports::UsageBucket::minute);
    case UsageLevel::hours:
      return length_ms(ports::UsageBucket::hour);
    default:
      return length_ms(ports::UsageBucket::day);
  }
}

std::int64_t end_of_sums(UsageLevel level, const UsageCut& cut) {
  if (level == UsageLevel::days) return cut.days_until_ms;
  return level == UsageLevel::hours ? cut.hours_until_ms : std::numeric_limits<std::int64_t>::max();
}

void cover(std::vector<UsagePiece>& pieces, const UsagePiece& piece, const UsageCut& cut) {
  if (piece.begin_ms >= piece.end_ms) return;
  if (piece.level == UsageLevel::rows) return pieces.push_back(piece);
  const auto finer = static_cast<UsageLevel>(static_cast<int>(piece.level) - 1);
  const std::int64_t length = length_of(piece.level);
  std::int64_t first = (piece.begin_ms + length - 1) / length * length;
  if (piece.level == UsageLevel::minutes) first = std::max(first, cut.minutes_since_ms);
  const std::int64_t last = std::min(piece.end_ms, end_of_sums(piece.level, cut)) / length * length;
  if (first >= last) return cover(pieces, {finer, piece.begin_ms, piece.end_ms}, cut);
  cover(pieces, {finer, piece.begin_ms, first}, cut);
  pieces.push_back({piece.level, first, last});
  cover(pieces, {finer, last, piece.end_ms}, cut);
}

}  // namespace

std::vector<UsagePiece> pieces_of(WallSpan span, const UsageCut& cut) {
  std::vector<UsagePiece> pieces;
  cover(pieces, {cut.coarsest, span.begin.unix_ms, span.end.unix_ms}, cut);
  return pieces;
}

}  // namespace obleth::adapters
