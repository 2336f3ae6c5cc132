// Stage 8, soften: under pressure the answer is cut shorter instead of refused. Never raises a cap. Connection's
// thread.
#pragma once

#include <memory>
#include <string>

#include "gateway/request_states.hpp"

namespace obleth::gateway {

[[nodiscard]] std::unique_ptr<Softened> soften_request(Admitted&& admitted);
std::unique_ptr<Softened> soften_request(Softened&& again) = delete;

// "x-obleth-brownout: max_tokens=256; reason=saturation", only when softened.
void append_brownout_header(std::string& lines, const Softened& softened);

}  // namespace obleth::gateway
