// A moment as people and JSON write it, in UTC: "2026-11-22T06:20:45.840Z", without the fraction where it is zero
// (RFC 3339). Pure.
#pragma once

#include <string>

#include "base/instant.hpp"

namespace obleth {

[[nodiscard]] std::string to_rfc3339(WallTime at);

}  // namespace obleth
