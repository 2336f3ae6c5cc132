// The pictures of the documentation, drawn from simulations: shares.svg, weight_change.svg, newcomer.svg, overload.svg.
#pragma once

#include <string>

namespace obleth::sim {

// False when a file cannot be written.
[[nodiscard]] bool draw_pictures(const std::string& folder);

}  // namespace obleth::sim
