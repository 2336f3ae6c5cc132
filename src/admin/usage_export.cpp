#include "admin/usage_export.hpp"

#include <algorithm>
#include <utility>

#include "admin/csv.hpp"
#include "admin/send_reply.hpp"
#include "admin/usage_names.hpp"
#include "admin/usage_questions.hpp"
#include "admin/usage_row_columns.hpp"

namespace obleth::admin {
namespace {

constexpr std::size_t rows_at_a_time = 500;
constexpr std::string_view csv_head =
    "Content-Type: text/csv\r\nContent-Disposition: attachment; filename=\"usage.csv\"\r\n"
    "Cache-Control: no-store\r\n";

std::string heading() {
  std::string line;
  for (const UsageColumn& column : usage_columns())
    line += (line.empty() ? "" : ",") + column.name;
  return line + "\r\n";
}

void append_line(std::string& text, const UsageRowDoc& row) {
  bool first = true;
  for (const UsageColumn& column : usage_columns()) {
    if (!first) text += ',';
    first = false;
    append_csv_cell(text, column.value(row));
  }
  text += "\r\n";
}

}  // namespace

void UsageExport::register_in(RouteTable& table) {
  table.section("usage");
  table.describe("UsageCsv", Json::object({{"type", "string"},
                                           {"description",
                                            "RFC 4180, a heading and one line for each request, oldest first; the "
                                            "columns are the members of UsageRow. Text that a spreadsheet would take "
                                            "for a formula begins with an apostrophe."}}));
  Route route = get("/usage/export.csv", "Export requests that have ended, oldest first")
                    .gives_text("UsageCsv", "text/csv")
                    .asks(row_parameters());
  route.stream = [this](const Call& call, ports::ClientExchange& exchange) { return stream(call, exchange); };
  table.add(std::move(route));
}

Task<void> UsageExport::stream(const Call& call, ports::ClientExchange& exchange) {
  if (desk_.given().usage == nullptr) {
    const Reply none = refuse(503, "unavailable", "The usage ledger does not run here.");
    co_return co_await send_reply(none, exchange);
  }
  Outcome<ports::UsageRowFilter> filter = co_await asked_rows(call, desk_);
  if (!filter) co_return co_await send_reply(filter.error(), exchange);
  // Ends where it stands now: requests that end meanwhile do not make it endless.
  filter->scope.span.end = std::min(filter->scope.span.end, WallTime{desk_.now().unix_ms + 1});
  ports::UsageRowsRequest wanted{
      .filter = std::move(*filter), .limit = rows_at_a_time, .cursor = {}, .oldest_first = true};
  UsageNames names(desk_);
  std::string text = heading();
  bool started = false;
  while (true) {
    auto page = co_await desk_.given().usage->rows(wanted);
    // Before the first byte a fault is an answer; after it, the answer is broken off, so that it looks like no whole.
    if (!page && started) co_return;
    if (!page) {
      const Reply refusal = refuse_fault(page.error());
      co_return co_await send_reply(refusal, exchange);
    }
    for (UsageRecord& record : page->rows) {
      const UsageRowDoc doc = co_await names.doc(std::move(record));
      append_line(text, doc);
    }
    Result<void> sent;
    if (started) {
      sent = co_await exchange.write(text);
    } else {
      sent = co_await exchange.start(200, csv_head, std::nullopt, text);
    }
    if (!sent) co_return;
    started = true;
    if (page->next_cursor.empty()) break;
    wanted.cursor = std::move(page->next_cursor);
    text.clear();
  }
  static_cast<void>(co_await exchange.finish({}));
}

}  // namespace obleth::admin
