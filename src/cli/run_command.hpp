// The `obleth` command line as a client of the Management API: one entry for every verb that is not the server's own.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "cli/surroundings.hpp"

namespace obleth::cli {

// The exit codes that scripts rely on.
inline constexpr int exit_done = 0;
inline constexpr int exit_refused = 1;
inline constexpr int exit_misused = 2;
inline constexpr int exit_unreachable = 3;

// "tenant", "apply", "status" …, and the flags of all these, which may stand before them; false for serve, demo and
// what does not exist.
[[nodiscard]] bool is_client_command(std::string_view verb);

// arguments: what follows the program's name, the verb first. Blocks until the answer is printed; the exit code.
[[nodiscard]] int run_command(std::span<const char* const> arguments, const Surroundings& surroundings);

// One line per verb, and the flags of all, for the program's own --help.
[[nodiscard]] std::string client_commands_help();

}  // namespace obleth::cli
