// obleth usage: what was used and what it cost, single requests, and all of them as CSV. One thread.
#pragma once

#include "cli/command.hpp"

namespace CLI {
class App;
}

namespace obleth::cli {

// chosen outlives the parser.
void add_usage_commands(CLI::App& app, Chosen& chosen);

}  // namespace obleth::cli
