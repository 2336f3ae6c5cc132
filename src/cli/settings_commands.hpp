// `obleth settings list`, `set` and `reset`: the settings of a running gateway. One thread.
#pragma once

#include "cli/command.hpp"

namespace CLI {
class App;
}

namespace obleth::cli {

// chosen outlives the parser.
void add_settings_commands(CLI::App& app, Chosen& chosen);

}  // namespace obleth::cli
