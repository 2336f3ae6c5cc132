// CRC-32C (Castagnoli polynomial, RFC 3720 appendix B.4): by the processor's instruction where it has one, else by
// tables. Pure; any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace obleth::adapters {

// Goes on from the checksum of what came before; begin with 0. crc32c(0, "123456789") is 0xE3069283.
[[nodiscard]] std::uint32_t crc32c(std::uint32_t before, std::string_view bytes);

// The one for processors without the instruction; the same results.
[[nodiscard]] std::uint32_t crc32c_by_table(std::uint32_t before, std::string_view bytes);

}  // namespace obleth::adapters
