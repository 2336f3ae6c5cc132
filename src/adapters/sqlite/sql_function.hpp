// What all functions have in common that this program gives to SQLite. Thread: the connection's.
#pragma once

#include <sqlite3.h>

#include <new>

namespace obleth::adapters {

// The same arguments have the same answer, and nothing else is touched.
inline constexpr int pure_function = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;

// SQLite is C: no exception may pass through it.
template <class Step>
void guarded(sqlite3_context* call, Step step) {
  try {
    step();
  } catch (const std::bad_alloc&) {
    sqlite3_result_error_nomem(call);
  }
}

}  // namespace obleth::adapters
