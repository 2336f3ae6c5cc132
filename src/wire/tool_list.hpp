// Takes tools out of the answers to tools/list, byte by byte: what stays is as it came. Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace obleth::wire {

// json: a JSON-RPC message, or a batch of them. A tool whose name cannot be told for certain is taken out. nullopt:
// there was nothing to take out. What is not JSON is given back as nothing to take out: no client can read it either.
[[nodiscard]] std::optional<std::string> without_tools(std::string_view json,
                                                       const std::function<bool(std::string_view name)>& may_use);

}  // namespace obleth::wire
