// Whole answers to what never became a request: a head that the grammar refuses, one that came too slowly. Pure.
#pragma once

#include <string>
#include <string_view>

#include "wire/error_body.hpp"

namespace obleth::adapters {

// Whom the refusal is for: what it is found again by, our own id and the client's if it sent one; and how they read
// errors.
struct Addressee {
  std::string event_id;
  std::string_view client_request_id = {};
  wire::ErrorDialect errors = wire::ErrorDialect::openai;
};

// The error's name, for who counts it: its code, else its type.
[[nodiscard]] std::string_view refusal_name(int status);

// Complete with its head; the connection closes after it.
[[nodiscard]] std::string refusal_answer(int status, std::string_view message, const Addressee& client);

}  // namespace obleth::adapters
