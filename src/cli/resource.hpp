// The resources of the Management API as the command line writes them: one table of nouns and their fields.
//
// list, show, create, set and delete are made of it; what a noun can do beyond that has a command of its own.
// Immutable; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "cli/text_table.hpp"

namespace obleth::cli {

enum class FieldKind : std::uint8_t {
  text,
  whole,    // a JSON number without a fraction
  decimal,  // a JSON number as it is written: no floating point on the way
  price,    // decimal text: dollars
  yes_no,
  list,    // "a,b" becomes ["a","b"]
  json,    // JSON as it stands
  secret,  // "-": one line of standard input, so that it is in no process list
};

struct FieldFlag {
  std::string_view member;  // of the body; its flag has - for _
  FieldKind kind = FieldKind::text;
  std::string_view help;
};

struct Resource {
  std::string_view noun;        // "tenant"
  std::string_view collection;  // "/api/v1/tenants"
  std::string_view name_member = "name";
  std::string_view owner_collection = {};  // created below another: "/api/v1/tenants"
  bool changes = true;                     // by PATCH, with the fields that are named
  bool path_takes_name = false;            // the name stands in the path, not the id
  std::span<const FieldFlag> fields;       // beside its name
  std::span<const Column> columns;
  std::string_view help;
};

[[nodiscard]] std::span<const Resource> resources();

}  // namespace obleth::cli
