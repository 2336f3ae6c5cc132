#include "mock/prompt_size.hpp"

#include <algorithm>
#include <boost/json.hpp>

namespace obleth::mock {
namespace json = boost::json;

std::int64_t PromptSize::tokens() const {
  const std::int64_t of_text = (bytes + bytes_per_token - 1) / bytes_per_token;
  return std::max<std::int64_t>(1, of_text + token_ids + messages * tokens_per_message);
}

void measure_prompt(const json::value& value, PromptSize& size) {
  if (const json::string* text = value.if_string()) {
    size.bytes += static_cast<std::int64_t>(text->size());
  } else if (value.is_number()) {
    ++size.token_ids;
  } else if (const json::array* list = value.if_array()) {
    for (const json::value& element : *list)
      measure_prompt(element, size);
  } else if (const json::object* part = value.if_object()) {
    if (part->contains("role")) ++size.messages;
    for (const auto* member : {"content", "text", "arguments", "output"})
      if (const json::value* inner = part->if_contains(member)) measure_prompt(*inner, size);
  }
}

}  // namespace obleth::mock
