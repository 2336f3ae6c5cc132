// The flags of a resource's fields, and the body that they make. One thread.
#pragma once

#include <boost/json/object.hpp>
#include <iosfwd>
#include <map>
#include <span>
#include <string>

#include "base/result.hpp"
#include "cli/resource.hpp"

namespace CLI {
class App;
}

namespace obleth::cli {

// By member; only what was given.
using FieldTexts = std::map<std::string, std::string, std::less<>>;

// texts outlives the parser.
void add_field_flags(CLI::App& command, std::span<const FieldFlag> fields, FieldTexts& texts);

// "none" is null for every kind. Fault: invalid, naming the flag.
[[nodiscard]] Result<boost::json::object> body_of(const FieldTexts& texts, std::span<const FieldFlag> fields,
                                                  std::istream& in);

}  // namespace obleth::cli
