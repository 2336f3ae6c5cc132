// From YAML text to Json and back, for the declarative file that apply takes and export gives.
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <set>

#include "admin/json.hpp"
#include "admin/utf8.hpp"
#include "wire/json_text.hpp"

namespace obleth::admin {
namespace {

constexpr std::size_t scalar_bytes_max = 64 << 20;  // of one document; that of the largest body is a third of it

struct Trouble {
  std::string problem;
};

// A plain scalar by YAML 1.2's core schema, as far as JSON has the value; everything else is text.
Json plain_scalar(const std::string& text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return nullptr;
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  if (is_json_number(text)) return Json::number(text);
  return text;
}

// In quotes, or said to be text: !!str 5
bool is_text(const YAML::Node& scalar) {
  return scalar.Tag() == "!" || scalar.Tag() == "tag:yaml.org,2002:str";
}

class Reader {
 public:
  Json read(const YAML::Node& node, std::size_t depth) {
    if (depth > json_depth_max) throw Trouble{"The file is nested too deeply."};
    // Aliases share nodes, so a small file can stand for a huge tree: what is read is counted, not what is written.
    if (++values_ > json_values_max) throw Trouble{"The file has too many values."};
    switch (node.Type()) {
      case YAML::NodeType::Scalar:
        return is_text(node) ? Json(text_of(node)) : plain_scalar(text_of(node));
      case YAML::NodeType::Sequence:
        return sequence(node, depth);
      case YAML::NodeType::Map:
        return map(node, depth);
      default:
        return nullptr;
    }
  }

 private:
  const std::string& text_of(const YAML::Node& scalar) {
    scalar_bytes_ += scalar.Scalar().size();
    if (scalar_bytes_ > scalar_bytes_max) throw Trouble{"The file's aliases stand for too much text."};
    return scalar.Scalar();
  }

  Json sequence(const YAML::Node& node, std::size_t depth) {
    Json list = Json::list();
    for (const YAML::Node& item : node)
      list.append(read(item, depth + 1));
    return list;
  }

  Json map(const YAML::Node& node, std::size_t depth) {
    Json::Object members;
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) throw Trouble{"The name of a member must be text."};
      const std::string& name = text_of(entry.first);
      if (members.size() == json_members_max) throw Trouble{"An object has too many members."};
      members.emplace_back(name, read(entry.second, depth + 1));
    }
    if (std::optional<std::string> problem = repeated_name(members)) throw Trouble{*std::move(problem)};
    return members;
  }

  std::size_t values_ = 0;
  std::size_t scalar_bytes_ = 0;
};

// What every reader takes for this very text, without quotes. Those of YAML 1.1 take 22:00 for a number, 2026-11-01 for
// a date and "on" for true.
bool is_plain(const std::string& text) {
  static const std::set<std::string, std::less<>> words = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"};
  static constexpr std::string_view marks = " _-./:@+";
  const auto is_harmless = [](unsigned char c) { return std::isalnum(c) != 0 || marks.contains(static_cast<char>(c)); };
  if (text.empty() || std::isalpha(static_cast<unsigned char>(text.front())) == 0) return false;
  if (!std::ranges::all_of(text, is_harmless) || text.contains(": ")) return false;
  if (text.ends_with(' ') || text.ends_with(':')) return false;
  std::string lower = text;
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return !words.contains(lower);
}

// YAML 1.2.2, 5.1, but for what some readers take for a line's end (U+0085, U+2028, U+2029) or for nothing: the byte
// order mark and code points that are no characters.
bool is_printable(std::uint32_t code_point) {
  if (code_point < ' ' || (code_point >= 0x7F && code_point < 0xA0)) return false;
  if (code_point == 0x2028 || code_point == 0x2029 || code_point == 0xFEFF) return false;
  return (code_point & 0xFFFEU) != 0xFFFE && (code_point < 0xFDD0 || code_point > 0xFDEF);
}

void append_escape(std::string& out, std::uint32_t code_point) {
  if (code_point == '\n') out += "\\n";
  if (code_point == '\r') out += "\\r";
  if (code_point == '\t') out += "\\t";
  if (code_point == '\n' || code_point == '\r' || code_point == '\t') return;
  const char* form = code_point <= 0xFF ? "\\x%02X" : code_point <= 0xFFFF ? "\\u%04X" : "\\U%08X";
  char escape[16];
  std::snprintf(escape, sizeof escape, form, code_point);
  out += escape;
}

void append_quoted(std::string& out, std::string_view text) {
  constexpr std::uint32_t replacement = 0xFFFD;
  out += '"';
  while (!text.empty()) {
    const wire::Utf8Character next = wire::first_utf8_character(text);
    const std::size_t bytes = std::max<std::size_t>(next.bytes, 1);
    if (next.code_point == '"' || next.code_point == '\\') out += '\\';
    if (next.bytes == 0)
      append_escape(out, replacement);
    else if (is_printable(next.code_point))
      out += text.substr(0, bytes);
    else
      append_escape(out, next.code_point);
    text.remove_prefix(bytes);
  }
  out += '"';
}

void append_text(std::string& out, const std::string& text) {
  if (is_plain(text))
    out += text;
  else
    append_quoted(out, text);
}

void append_value(std::string& out, const Json& json, std::size_t depth);

void begin_line(std::string& out, std::size_t depth) {
  out.append(2 * depth, ' ');
}

// The first member stands behind what its line begins with already, the others on lines of this depth.
void append_members(std::string& out, const Json::Object& members, std::size_t depth) {
  for (const auto& [name, value] : members) {
    if (&name != &members.front().first) begin_line(out, depth);
    append_text(out, name);
    out += ':';
    append_value(out, value, depth + 1);
  }
}

void append_items(std::string& out, const Json::List& items, std::size_t depth) {
  for (const Json& item : items) {
    begin_line(out, depth);
    out += '-';
    const Json::Object* members = item.members();
    if (members == nullptr || members->empty()) {
      append_value(out, item, depth + 1);
    } else {
      out += ' ';
      append_members(out, *members, depth + 1);
    }
  }
}

void append_scalar(std::string& out, const Json& json) {
  if (const bool* truth = json.boolean())
    out += *truth ? "true" : "false";
  else if (const Json::Number* number = json.number())
    out += number->text;
  else if (const std::string* text = json.text())
    append_text(out, *text);
  else if (json.items() != nullptr)
    out += "[]";
  else
    out += json.members() != nullptr ? "{}" : "~";
}

// Behind a name or a dash, to the end of its last line.
void append_value(std::string& out, const Json& json, std::size_t depth) {
  if (const Json::List* items = json.items(); items != nullptr && !items->empty()) {
    out += '\n';
    append_items(out, *items, depth);
  } else if (const Json::Object* members = json.members(); members != nullptr && !members->empty()) {
    out += '\n';
    begin_line(out, depth);
    append_members(out, *members, depth);
  } else {
    out += ' ';
    append_scalar(out, json);
    out += '\n';
  }
}

}  // namespace

JsonOutcome parse_yaml(const std::string& text) {
  if (!is_utf8(text)) return std::unexpected("The body is not YAML: it is not in UTF-8.");
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(text);
    if (documents.size() > 1) throw Trouble{"The file holds more than one document: send one at a time."};
    return documents.empty() ? Json() : Reader().read(documents.front(), 0);
  } catch (const Trouble& trouble) {
    return std::unexpected(trouble.problem);
  } catch (const YAML::Exception& fault) {
    return std::unexpected("The body is not YAML: " + std::string(fault.what()) + ".");
  }
}

std::string to_yaml(const Json& json) {
  std::string out;
  if (const Json::Object* members = json.members(); members != nullptr && !members->empty()) {
    append_members(out, *members, 0);
  } else if (const Json::List* items = json.items(); items != nullptr && !items->empty()) {
    append_items(out, *items, 0);
  } else {
    append_scalar(out, json);
    out += '\n';
  }
  return out;
}

}  // namespace obleth::admin
