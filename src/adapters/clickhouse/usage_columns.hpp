// A row of the ledger's table usage: its columns, in the order in which they are sent and read. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "adapters/clickhouse/row_binary.hpp"
#include "domain/usage_record.hpp"

namespace obleth::adapters {

// DateTime counts seconds in 32 bits: what ended before 1970 or after 2106 is kept at that end.
[[nodiscard]] std::int64_t kept_ms(WallTime ts);

// "hour, ts, ts_ms, …": every column, as a column that is left out is not filled by every version.
[[nodiscard]] const std::string& usage_columns();
void write_usage_row(RowBinaryWriter& writer, const UsageRecord& record, std::uint64_t version);
// As usage_columns() are selected.
[[nodiscard]] UsageRecord read_usage_row(RowBinaryReader& reader);

}  // namespace obleth::adapters
