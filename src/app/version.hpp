// The version of this build, as --version, /version, the start line and the metrics tell it.
#pragma once

#include <string_view>

namespace obleth::app {

inline constexpr std::string_view version = OBLETH_VERSION;     // from CMakeLists.txt
inline constexpr std::string_view revision = OBLETH_REVISION;   // of the sources; empty when not known

}  // namespace obleth::app
