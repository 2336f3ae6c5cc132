// The part of stage 3 that reads forms: as far as their model, and n where answers are counted. Connection's thread.
#pragma once

#include "gateway/request_states.hpp"
#include "gateway/resolve_model.hpp"

namespace obleth::gateway {

// The body is a form, and the route takes those.
[[nodiscard]] bool comes_as_form(const Received& received);

// Fills in bytes, fields and, unless all of it came with them, the rest. What stands before the model, and a field
// behind it before a file, is held and counted in the content's lease: a form whose file comes first is held with it.
Task<Outcome<void>> receive_form(const Identified& identified, RequestContent& content, const Policy& policy);

}  // namespace obleth::gateway
