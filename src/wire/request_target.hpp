// The path of a request, decoded once and normalised, for matching only. What is forwarded is the raw target.
//
// Refused (400): "..", an encoded backslash, NUL or control bytes, a bad percent escape. Duplicate and trailing slashes
// fold. An encoded "/" is reported, and is the route's business. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace obleth::wire {

struct MatchedPath {
  std::string path;  // "/v1/models/meta/llama": starts with "/", no trailing slash but for "/" itself
  bool has_encoded_slash = false;
  std::string_view raw_query;  // without "?"; empty when none
};

// target: origin-form, or "*" (OPTIONS), which is given back as "*". nullopt: 400.
[[nodiscard]] std::optional<MatchedPath> normalise_target(std::string_view target);

// What stands for the target in a head that the grammar may have refused; empty: its first line is not whole.
[[nodiscard]] std::string_view claimed_target(std::string_view head_bytes);

}  // namespace obleth::wire
