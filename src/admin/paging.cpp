#include "admin/paging.hpp"

#include "admin/scalar_text.hpp"

namespace obleth::admin {
namespace {

constexpr char separator = '.';

}  // namespace

std::vector<Parameter> page_parameters(bool filtered_by_name) {
  Json limit = whole_schema(1, page_rows_max);
  limit.set("default", page_rows_default);
  std::vector<Parameter> parameters{{"limit", std::move(limit), "Rows of one page."},
                                    {"cursor", Json::object({{"type", "string"}}), "next_cursor of the page before."}};
  if (filtered_by_name)
    parameters.push_back({"name", Json::object({{"type", "string"}}), "Only what has this in its name."});
  return parameters;
}

Outcome<ports::PageRequest> requested_page(const Call& call) {
  ports::PageRequest page{.limit = static_cast<std::size_t>(page_rows_default),
                          .cursor = call.asked("cursor").value_or(std::string()),
                          .name_contains = call.asked("name").value_or(std::string())};
  if (const auto limit = call.asked("limit")) {
    const auto rows = scaled_integer(*limit, 0);
    if (!rows || *rows < 1 || *rows > page_rows_max)
      return std::unexpected(
          refuse_field("limit", "must be a whole number from 1 to " + std::to_string(page_rows_max)));
    page.limit = static_cast<std::size_t>(*rows);
  }
  return page;
}

Reply refuse_page(const Fault& fault) {
  if (fault.kind != FaultKind::invalid) return refuse_fault(fault);
  return refuse_field("cursor", "is not one that a list gave: start again without it");
}

std::string cursor_after(const Place& last) {
  return std::to_string(last.number) + separator + to_hex32(last.id);
}

Outcome<std::optional<Place>> last_place(const ports::PageRequest& page) {
  const std::string_view cursor = page.cursor;
  if (cursor.empty()) return std::nullopt;
  const std::size_t split = std::min(cursor.find(separator), cursor.size());
  const auto number = scaled_integer(cursor.substr(0, split), 0);
  const auto id = bits128_from_text(cursor.substr(std::min(split + 1, cursor.size())));
  if (!number || !id) return std::unexpected(refuse_page(client_fault(FaultKind::invalid, {})));
  return Place{.number = *number, .id = *id};
}

Json list_json(Json rows, const std::string& next_cursor) {
  return Json::object({{"data", std::move(rows)}, {"next_cursor", next_cursor.empty() ? Json() : Json(next_cursor)}});
}

}  // namespace obleth::admin
