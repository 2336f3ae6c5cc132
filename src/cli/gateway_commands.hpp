// Commands about the gateway as a whole: capacity, status, audit, apply, export; and what only keys, models and MCP
// servers can do. One thread.
#pragma once

#include <string_view>

#include "cli/command.hpp"

namespace CLI {
class App;
}

namespace obleth::cli {

// chosen outlives the parser.
void add_gateway_commands(CLI::App& app, Chosen& chosen);
void add_key_rotation(CLI::App& key, Chosen& chosen);
// One real exchange with what a model or an MCP server leads to: POST …/verb.
struct UpstreamTrial {
  std::string_view noun;
  std::string_view verb;
  std::string_view help;
};
void add_upstream_trial(CLI::App& noun, const UpstreamTrial& trial, Chosen& chosen);

}  // namespace obleth::cli
