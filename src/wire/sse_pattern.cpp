#include "wire/sse_pattern.hpp"

#include "wire/json_cursor.hpp"

namespace obleth::wire {

std::optional<JsonString> SsePattern::text_of(std::string_view payload) const {
  const std::string_view pattern = bytes_;
  if (before_text_ == 0 || !payload.starts_with(pattern.substr(0, before_text_))) return std::nullopt;
  JsonCursor cursor(payload.substr(before_text_ - 1U));
  const std::optional<JsonString> text = cursor.take_string();
  if (!text || payload.substr(before_text_ + text->raw.size()) != pattern.substr(before_text_)) return std::nullopt;
  return text;
}

std::size_t SsePattern::known_opening(std::string_view payload) const {
  return payload.starts_with(std::string_view(bytes_).substr(0, opening_bytes_)) ? opening_bytes_ : 0;
}

void SsePattern::learn(std::string_view payload, std::size_t opening, std::optional<std::string_view> text) {
  if (text && payload.size() - text->size() <= bytes_max) {
    const auto before = static_cast<std::size_t>(text->data() - payload.data());
    bytes_.assign(payload.substr(0, before)).append(payload.substr(before + text->size()));
    opening_bytes_ = static_cast<std::uint16_t>(opening);
    before_text_ = static_cast<std::uint16_t>(before);
  } else if (opening > 0 && opening <= bytes_max && known_opening(payload) == 0) {
    bytes_.assign(payload.substr(0, opening));
    opening_bytes_ = static_cast<std::uint16_t>(opening);
    before_text_ = 0;
  }
}

}  // namespace obleth::wire
