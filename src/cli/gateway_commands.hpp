// Commands about the gateway as a whole: capacity, status, audit, apply, export; and what only keys and models can do.
// One thread.
#pragma once

#include "cli/command.hpp"

namespace CLI {
class App;
}

namespace obleth::cli {

// chosen outlives the parser.
void add_gateway_commands(CLI::App& app, Chosen& chosen);
void add_key_rotation(CLI::App& key, Chosen& chosen);
void add_model_test(CLI::App& model, Chosen& chosen);

}  // namespace obleth::cli
