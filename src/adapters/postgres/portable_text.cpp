#include "adapters/postgres/portable_text.hpp"

#include <cctype>
#include <cstddef>

namespace obleth::adapters {

std::string in_postgres_words(std::string_view sql) {
  constexpr std::string_view sqlite_find = "instr(";
  constexpr std::string_view postgres_find = "strpos(";
  std::string words;
  int unnumbered = 0;
  for (std::size_t at = 0; at < sql.size(); ++at) {
    if (sql.substr(at).starts_with(sqlite_find)) {
      words += postgres_find;
      at += sqlite_find.size() - 1;
    } else if (sql[at] == '?') {
      words += '$';
      const bool is_numbered = at + 1 < sql.size() && std::isdigit(static_cast<unsigned char>(sql[at + 1])) != 0;
      if (!is_numbered) words += std::to_string(++unnumbered);
    } else {
      words += sql[at];
    }
  }
  return words;
}

}  // namespace obleth::adapters
