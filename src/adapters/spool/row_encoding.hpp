// A usage record as the payload of a spool record, and back.
//
// The wire format of Protocol Buffers (protobuf.dev/programming-guides/encoding): numbered fields, zero and empty ones
// left out, unknown ones skipped. So a version of the program reads what the next one wrote. docs/spool-format.md has
// the numbers. Pure; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "domain/usage_record.hpp"

namespace obleth::adapters {

inline constexpr std::size_t row_text_bytes_max = 1024;  // a longer text is cut at a character
inline constexpr std::size_t row_bytes_max = 20 * 1024;  // 17 texts and 26 numbers at their longest

// Writes at most row_bytes_max bytes and gives how many. The reason of a brownout is no column of the ledger and is not
// written.
[[nodiscard]] std::size_t encode_row(const UsageRecord& record, std::span<char, row_bytes_max> out);

// nullopt: not an encoded row. A word of an enumeration that this version does not know becomes the first one.
[[nodiscard]] std::optional<UsageRecord> decode_row(std::string_view payload);
// The same into a record whose texts have memory already; false: not an encoded row. Of what the record said before,
// that stays which is no field of a row.
[[nodiscard]] bool decode_row_into(UsageRecord& record, std::string_view payload);

}  // namespace obleth::adapters
