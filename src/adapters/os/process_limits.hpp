// What the process asks of the kernel at start. Main thread, before other threads start.
#pragma once

#include <cstdint>

namespace obleth::adapters {

// Raises RLIMIT_NOFILE to its hard limit and gives what it is now; where it is not known, no bound is.
std::uint64_t raise_descriptor_limit();

// A peer that left and a file that may not grow are return values, not signals (OpenSSL writes without MSG_NOSIGNAL).
void ignore_write_signals();

// No core dump, and no debugger of another user: both read prompts and secrets. Not called where the operator asks for
// core dumps (the setting core_dumps); the limits that the process came with then hold.
void forbid_core_dumps();

}  // namespace obleth::adapters
