// `obleth explain REQUEST_ID`: why a request waited, on one screen. Thread: one, the program's.
#pragma once

#include "cli/command.hpp"

namespace CLI {
class App;
}

namespace obleth::cli {

void add_explain(CLI::App& app, Chosen& chosen);

}  // namespace obleth::cli
