// Whole answers to what never became a request: a head that the grammar refuses, one that came too slowly. Pure.
#pragma once

#include <string>
#include <string_view>

namespace obleth::adapters {

// Complete with its head; the connection closes after it. The body is OpenAI's error shape.
[[nodiscard]] std::string refusal_answer(int status, std::string_view message, std::string_view request_id);

}  // namespace obleth::adapters
