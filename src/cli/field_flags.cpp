#include "cli/field_flags.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json.hpp>
#include <istream>

namespace obleth::cli {
namespace {

namespace json = boost::json;

std::string flag_of(std::string_view member) {
  std::string flag = "--" + std::string(member);
  std::ranges::replace(flag, '_', '-');
  return flag;
}

std::string type_of(FieldKind kind) {
  switch (kind) {
    case FieldKind::whole:
    case FieldKind::decimal:
      return "NUMBER";
    case FieldKind::price:
      return "DOLLARS";
    case FieldKind::yes_no:
      return "true|false";
    case FieldKind::list:
      return "A,B,…";
    case FieldKind::json:
      return "JSON";
    case FieldKind::secret:
      return "SECRET|-";
    case FieldKind::text:
      return "TEXT";
  }
  return "TEXT";
}

json::value list_of(std::string_view text) {
  json::array items;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    if (comma > 0) items.emplace_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return items;
}

std::unexpected<Fault> wrong(std::string_view member, std::string_view must) {
  return fail(client_fault(FaultKind::invalid, flag_of(member) + " must be " + std::string(must), std::string(member)));
}

Result<json::value> value_of(const FieldFlag& field, const std::string& text, std::istream& in) {
  if (text == "none") return json::value();
  boost::system::error_code broken;
  switch (field.kind) {
    case FieldKind::text:
    case FieldKind::price:
      return json::value(text);
    case FieldKind::list:
      return list_of(text);
    case FieldKind::yes_no:
      if (text != "true" && text != "false") return wrong(field.member, "true or false");
      return json::value(text == "true");
    case FieldKind::whole:
    case FieldKind::decimal: {
      json::value number = json::parse(text, broken);
      const bool whole = !broken && (number.is_int64() || number.is_uint64());
      if (broken || !number.is_number() || (field.kind == FieldKind::whole && !whole)) {
        return wrong(field.member, field.kind == FieldKind::whole ? "a whole number, or none" : "a number, or none");
      }
      return number;
    }
    case FieldKind::json: {
      json::value value = json::parse(text, broken);
      if (broken) return wrong(field.member, "JSON, such as " + std::string(field.help));
      return value;
    }
    case FieldKind::secret: {
      if (text != "-") return json::value(text);
      std::string line;
      if (!std::getline(in, line) || line.empty()) return wrong(field.member, "a line on standard input");
      return json::value(line);
    }
  }
  return json::value();
}

}  // namespace

void add_field_flags(CLI::App& command, std::span<const FieldFlag> fields, FieldTexts& texts) {
  for (const FieldFlag& field : fields) {
    command
        .add_option_function<std::string>(
            flag_of(field.member),
            [&texts, name = std::string(field.member)](const std::string& text) { texts[name] = text; },
            std::string(field.help))
        ->type_name(type_of(field.kind));
  }
}

Result<json::object> body_of(const FieldTexts& texts, std::span<const FieldFlag> fields, std::istream& in) {
  json::object body;
  for (const FieldFlag& field : fields) {
    const auto text = texts.find(field.member);
    if (text == texts.end()) continue;
    Result<json::value> value = value_of(field, text->second, in);
    if (!value) return fail(std::move(value.error()));
    body[field.member] = std::move(*value);
  }
  return body;
}

}  // namespace obleth::cli
