// The version of this build, as --version, /version, the start line and the metrics tell it.
#pragma once

#include <string_view>

namespace obleth::app {

extern const std::string_view version;   // from CMakeLists.txt
extern const std::string_view revision;  // of the sources; empty when not known

}  // namespace obleth::app
