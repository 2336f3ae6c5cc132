#include "app/version.hpp"

namespace obleth::app {

const std::string_view version = OBLETH_VERSION;
const std::string_view revision = OBLETH_REVISION;

}  // namespace obleth::app
