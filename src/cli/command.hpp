// A command that has been read from the arguments and waits for the Management API.
//
// Thread: one, the program's.
#pragma once

#include <functional>
#include <iosfwd>

#include "base/result.hpp"
#include "cli/admin_client.hpp"
#include "cli/report.hpp"

namespace obleth::cli {

using Command = std::function<Result<void>(const AdminClient& client, Report& report)>;

// What the arguments chose. Outlives the parser.
struct Chosen {
  std::istream& in;
  AdminFlags admin{};
  bool as_json = false;
  Command command{};
};

}  // namespace obleth::cli
