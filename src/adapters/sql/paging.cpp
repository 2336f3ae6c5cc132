#include "adapters/sql/paging.hpp"

#include <charconv>

#include "adapters/sql/store_failure.hpp"

namespace obleth::adapters {
namespace {

constexpr char separator = '.';

std::optional<PageStart> parsed(std::string_view cursor) {
  const std::size_t split = cursor.find(separator);
  if (split == std::string_view::npos) return std::nullopt;
  PageStart start;
  const char* end = cursor.data() + split;
  const auto number = std::from_chars(cursor.data(), end, start.at.unix_ms);
  const auto id = bits128_from_text(cursor.substr(split + 1));
  if (number.ec != std::errc() || number.ptr != end || !id) return std::nullopt;
  start.id = *id;
  return start;
}

}  // namespace

PageStart start_of(std::string_view cursor, PageStart beginning) {
  if (cursor.empty()) return beginning;
  const auto start = parsed(cursor);
  if (!start) refuse(FaultKind::invalid, "the cursor is not one that a list has given", "cursor");
  return *start;
}

std::string cursor_after(PageStart last) {
  return std::to_string(last.at.unix_ms) + separator + to_hex32(last.id);
}

}  // namespace obleth::adapters
