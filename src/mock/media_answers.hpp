// Transcripts, speech and pictures: one small answer each, in OpenAI's shape. The header x-mock-model tells which model
// was asked for, in a form or in JSON. Pure.
#pragma once

#include <string_view>

#include "mock/reply.hpp"

namespace obleth::mock {

[[nodiscard]] bool is_media_path(std::string_view path);
[[nodiscard]] Reply media_answer(std::string_view path, std::string_view body);

}  // namespace obleth::mock
