// Where an upstream sends its client: references (RFC 3986 §4.2) that stay at the same upstream. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "domain/upstream_address.hpp"

namespace obleth {

inline constexpr std::size_t reference_bytes_max = 2048;

// What follows the authority of a URL, as it stands; "/" where nothing does.
[[nodiscard]] std::string upstream_path(std::string_view url);

// The target of a reference that was given at the target `base`. nullopt: elsewhere, or it makes no sense.
[[nodiscard]] std::optional<std::string> resolve_reference(const UpstreamAddress& address, std::string_view base,
                                                           std::string_view reference);

}  // namespace obleth
