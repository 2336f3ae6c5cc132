// What a command of the `obleth` command line has around it: streams, variables, whether a person watches.
//
// Given in, so that a test sees what a person would. Thread: one, the program's.
#pragma once

#include <functional>
#include <iosfwd>
#include <optional>
#include <string>

namespace obleth::cli {

struct Surroundings {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  std::function<std::optional<std::string>(const std::string& name)> variable;  // absent or empty: not set
  std::string version;
};

// The process's own.
[[nodiscard]] Surroundings process_surroundings(std::string version);

}  // namespace obleth::cli
