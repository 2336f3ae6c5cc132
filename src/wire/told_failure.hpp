// Whether a whole answer says in its body that it failed, whatever its status says. Pure.
//
// A document: a top-level "error" that is not null, or "type":"error" or "response.failed". A stream: an event named
// "error", or one whose data is such a document. As vLLM, OpenAI and Anthropic tell it.
#pragma once

#include <string_view>

namespace obleth::wire {

[[nodiscard]] bool document_tells_failure(std::string_view json);
[[nodiscard]] bool stream_tells_failure(std::string_view events);

}  // namespace obleth::wire
