#include "adapters/redis/change_text.hpp"

#include "ports/change_text.hpp"

namespace obleth::adapters {
namespace {

constexpr std::string_view layout = "1";

}  // namespace

std::string encode_change(const ports::Change& change, std::string_view sender) {
  std::string text(layout);
  return text.append(" ").append(sender).append(" ").append(ports::text_of_change(change));
}

std::optional<ports::Change> decode_change(std::string_view text, std::string_view own_name) {
  if (ports::take_word(text) != layout) return ports::EverythingChanged{};
  if (ports::take_word(text) == own_name) return std::nullopt;
  return ports::change_of_text(text);
}

}  // namespace obleth::adapters
