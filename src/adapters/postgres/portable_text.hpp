// The record's SQL texts in PostgreSQL's words. Pure.
#pragma once

#include <string>
#include <string_view>

namespace obleth::adapters {

// ? and ?N become $N, counted from 1; instr(text, part) becomes strpos(text, part).
[[nodiscard]] std::string in_postgres_words(std::string_view sql);

}  // namespace obleth::adapters
