// Takes tools out of the answers to tools/list, byte by byte: what stays is as it came. Pure.
#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace obleth::wire {

// What it lists cannot be told: a more lenient reader may find anything in it.
struct NotJson {};

// json: a JSON-RPC message, or a batch of them. A tool whose name cannot be told for certain is taken out. nullopt:
// there was nothing to take out.
[[nodiscard]] std::expected<std::optional<std::string>, NotJson> without_tools(
    std::string_view json, const std::function<bool(std::string_view name)>& may_use);

}  // namespace obleth::wire
