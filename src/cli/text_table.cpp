#include "cli/text_table.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <vector>

#include "base/rfc3339.hpp"
#include "base/terminal_text.hpp"

namespace obleth::cli {
namespace {

namespace json = boost::json;

struct Cell {
  std::string text;
  bool to_the_right = false;
};

std::string shortened(std::string text) {
  constexpr std::size_t bytes_max = 60;
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && (text[end] & '\xC0') == '\x80')
    --end;
  text.resize(end);
  return text + "…";
}

// Much of what a table tells was written by others than its reader: descriptions, names that clients sent.
// An empty list is told apart from none: one lets nobody pass, the other everybody.
Cell cell_of(const json::value* value, Shown shown) {
  if (value == nullptr || value->is_null()) return {"-"};
  if (shown == Shown::as_moment && value->is_int64()) return {to_rfc3339({value->as_int64()})};
  if (value->is_string()) return {value->as_string().empty() ? "-" : terminal_text(value->as_string())};
  if (value->is_bool()) return {value->as_bool() ? "yes" : "no"};
  if (value->is_number()) return {json::serialize(*value), true};
  if (value->is_object()) {
    const std::string text = terminal_text(json::serialize(*value));
    return {shown == Shown::whole ? text : shortened(text)};
  }
  std::string joined;
  for (const json::value& item : value->as_array())
    joined += (joined.empty() ? "" : ", ") + cell_of(&item, shown).text;
  return {joined.empty() ? "[]" : joined};
}

const json::value* member_of(const json::value& row, std::string_view path) {
  const std::size_t dot = path.find('.');
  if (!row.is_object()) return nullptr;
  const json::value* member = row.as_object().if_contains(path.substr(0, dot));
  if (member == nullptr || dot == std::string_view::npos) return member;
  return member_of(*member, path.substr(dot + 1));
}

// Code points: a name may hold letters of more than one byte.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & '\xC0') != '\x80'; }));
}

void append_padded(std::string& line, const Cell& cell, std::size_t width) {
  const std::string blanks(width - width_of(cell.text), ' ');
  line += cell.to_the_right ? blanks + cell.text : cell.text + blanks;
  line += "  ";
}

void append_line(std::string& text, std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  text += line + "\n";
}

bool is_list_of_objects(const json::value& value) {
  return value.is_array() && !value.as_array().empty() && value.as_array().front().is_object();
}

// Every member of the first row is a column.
std::string whole_table(const json::array& rows) {
  std::vector<Column> columns;
  for (const auto& member : rows.front().as_object())
    columns.push_back({member.key(), member.key(), Shown::whole});
  return text_table(rows, columns);
}

}  // namespace

std::string text_table(const json::array& rows, std::span<const Column> columns) {
  std::vector<std::vector<Cell>> cells;
  std::vector<std::size_t> widths;
  for (const Column& column : columns)
    widths.push_back(width_of(column.title));
  for (const json::value& row : rows) {
    std::vector<Cell>& line = cells.emplace_back();
    for (std::size_t at = 0; at < columns.size(); ++at) {
      line.push_back(cell_of(member_of(row, columns[at].member), columns[at].shown));
      widths[at] = std::max(widths[at], width_of(line.back().text));
    }
  }
  std::string text;
  std::string head;
  for (std::size_t at = 0; at < columns.size(); ++at) {
    const bool numbers = std::ranges::any_of(cells, [at](const auto& line) { return line[at].to_the_right; });
    append_padded(head, {std::string(columns[at].title), numbers}, widths[at]);
    for (auto& line : cells)
      line[at].to_the_right = numbers;
  }
  append_line(text, head);
  for (const auto& line : cells) {
    std::string shown;
    for (std::size_t at = 0; at < columns.size(); ++at)
      append_padded(shown, line[at], widths[at]);
    append_line(text, shown);
  }
  return text;
}

std::string text_record(const json::object& record) {
  std::size_t widest = 0;
  for (const auto& member : record)
    widest = std::max(widest, member.key().size());
  std::string text;
  std::string below;
  for (const auto& member : record) {
    const std::string name(member.key());
    if (is_list_of_objects(member.value())) {
      below += "\n" + name + "\n" + whole_table(member.value().as_array());
    } else {
      append_line(text,
                  name + std::string(widest + 2 - name.size(), ' ') + cell_of(&member.value(), Shown::whole).text);
    }
  }
  return text + below;
}

}  // namespace obleth::cli
