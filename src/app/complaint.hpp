// How a command that cannot be carried out says so. Thread: the program's first.
#pragma once

#include <cstdio>
#include <string>

#include "base/error.hpp"

namespace obleth::app {

inline constexpr int exit_failed = 1;
inline constexpr int exit_misused = 2;

// Answers the code, for `return complain(…)`.
inline int complain(const std::string& message, int code) {
  std::fprintf(stderr, "obleth: %s\n", message.c_str());
  return code;
}
inline int complain(const Fault& fault, int code) {
  return complain(fault.message, code);
}

}  // namespace obleth::app
