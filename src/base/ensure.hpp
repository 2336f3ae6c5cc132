// A broken invariant stops the process: going on would corrupt what tenants rely on.
// Use for our own mistakes only; untrusted input is handled, never ensured.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <source_location>

namespace obleth {

inline void ensure(bool holds, const char* what, std::source_location at = std::source_location::current()) {
  if (holds) [[likely]] {
    return;
  }
  std::fprintf(stderr, "obleth: broken invariant: %s (%s:%u)\n", what, at.file_name(), at.line());
  std::abort();
}

}  // namespace obleth
