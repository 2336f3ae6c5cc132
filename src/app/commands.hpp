// The verbs that are the server's own; all others are the command line's (cli/run_command). Main thread.
#pragma once

#include <span>

namespace obleth::app {

// arguments: after the verb. environment: "NAME=value" each. The exit code: 0, 1 (could not), 2 (misused).
[[nodiscard]] int run_serve(std::span<const char* const> arguments, std::span<const char* const> environment);
[[nodiscard]] int run_demo(std::span<const char* const> arguments, std::span<const char* const> environment);
[[nodiscard]] int run_mock_upstream(std::span<const char* const> arguments);
[[nodiscard]] int run_check_config(std::span<const char* const> arguments, std::span<const char* const> environment);
[[nodiscard]] int run_backup(std::span<const char* const> arguments, std::span<const char* const> environment);

// Prints docs/settings.md.
[[nodiscard]] int print_settings();

}  // namespace obleth::app
