// Several texts to the end of another, which grows once for all of them. Any thread.
#pragma once

#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>

namespace obleth {

inline void append_all(std::string& out, std::initializer_list<std::string_view> parts) {
  const std::size_t before = out.size();
  std::size_t after = before;
  for (const std::string_view part : parts)
    after += part.size();
  out.resize_and_overwrite(after, [&](char* begin, std::size_t) {
    char* at = begin + before;
    for (const std::string_view part : parts) {
      if (part.empty()) continue;  // an empty view may hold a null pointer
      std::memcpy(at, part.data(), part.size());
      at += part.size();
    }
    return after;
  });
}

}  // namespace obleth
