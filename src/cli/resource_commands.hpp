// list, show, create, set and delete for one noun of the table. One thread.
#pragma once

#include "cli/command.hpp"
#include "cli/resource.hpp"

namespace CLI {
class App;
}

namespace obleth::cli {

// Adds the noun below app; the command that the arguments name is left in chosen, which outlives the parser.
// Returns the noun, for what only it can do.
CLI::App& add_resource_commands(CLI::App& app, const Resource& resource, Chosen& chosen);

// The path of one row: by id, else by the name that exactly one row has. Fault: not_found, conflict (several).
[[nodiscard]] Result<std::string> path_of(const AdminClient& client, const Resource& resource, const std::string& name);

}  // namespace obleth::cli
