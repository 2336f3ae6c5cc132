// What a request forces the model to write: a tool call (tool_choice), or text of a schema (structured output).
// Pure; each dialect has its own shape for both.
#pragma once

#include <boost/json/fwd.hpp>

#include "mock/model_request.hpp"

namespace obleth::mock {

// Fills call or forced_text of the request where its body asks for one.
void read_forced_output(const boost::json::object& body, ModelRequest& request);

}  // namespace obleth::mock
