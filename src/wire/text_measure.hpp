// Counts the characters of prompts by class, eight bytes at a time where they are ASCII. Pure.
#pragma once

#include <string_view>

#include "domain/text_measure.hpp"
#include "wire/json_text.hpp"

namespace obleth::wire {

// The meaning of a JSON string. False: not UTF-8 (what came before it is counted).
[[nodiscard]] bool measure_string(const JsonString& text, TextMeasure& measure);

// A whole JSON value as a model is shown it (a tools schema): its strings, numbers and punctuation, but not the white
// space between them. json has been walked by a JsonCursor. False: not UTF-8.
[[nodiscard]] bool measure_json(std::string_view json, TextMeasure& measure);

}  // namespace obleth::wire
