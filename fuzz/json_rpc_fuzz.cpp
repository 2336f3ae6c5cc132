// Any bytes as a JSON-RPC body: never a crash; what is read lies in the bytes, and a list of tools that has been
// filtered once has nothing more to lose.
#include <cstdint>
#include <string_view>

#include "base/ensure.hpp"
#include "wire/json_rpc.hpp"
#include "wire/tool_list.hpp"

using namespace obleth;
using namespace obleth::wire;

namespace {

bool lies_in(std::string_view part, std::string_view text) {
  return part.empty() || (part.data() >= text.data() && part.data() + part.size() <= text.data() + text.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(input), size);
  const auto document = read_json_rpc(text);
  if (document) {
    ensure(!document->messages.empty() && document->messages.size() <= rpc_batch_max, "a batch has a size");
    for (const RpcMessage& message : document->messages) {
      ensure(lies_in(message.id, text) && lies_in(message.arguments, text), "a view is of the text");
      ensure((message.kind == RpcKind::request) == (!message.id.empty() && !message.method.empty()) ||
                 message.method.empty(),
             "a request has an id");
      ensure(!message.tool || message.method == "tools/call", "only calls have a tool");
    }
  }
  const auto may_use = [](std::string_view name) { return name.size() % 2 == 0; };
  const auto kept = without_tools(text, may_use);
  if (kept && *kept) {
    ensure((*kept)->size() < size, "something was taken out");
    const auto again = without_tools(**kept, may_use);
    ensure(again && !*again, "what is left is JSON, and it was taken out at once");
  }
  return 0;
}
