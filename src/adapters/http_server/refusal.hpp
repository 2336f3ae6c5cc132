// Whole answers to what never became a request: a head that the grammar refuses, one that came too slowly. Pure.
#pragma once

#include <string>
#include <string_view>

namespace obleth::adapters {

// What the refusal is found again by: our own id, and the client's if it sent one.
struct RefusalIds {
  std::string event_id;
  std::string_view client_request_id = {};
};

// The error's name, for who counts it: its code, else its type.
[[nodiscard]] std::string_view refusal_name(int status);

// Complete with its head; the connection closes after it. The body is OpenAI's error shape.
[[nodiscard]] std::string refusal_answer(int status, std::string_view message, const RefusalIds& ids);

}  // namespace obleth::adapters
