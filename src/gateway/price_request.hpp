// Stage 5, price: what the request will probably take, and at most. Connection's thread.
#pragma once

#include "gateway/estimates.hpp"
#include "gateway/request_states.hpp"

namespace obleth::gateway {

[[nodiscard]] Priced price_request(Recalled&& recalled, Estimates& estimates);
Priced price_request(Priced&& again, Estimates& estimates) = delete;

}  // namespace obleth::gateway
