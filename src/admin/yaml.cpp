// From YAML text to Json and back, for the declarative file that apply takes and export gives.
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "admin/json.hpp"

namespace obleth::admin {
namespace {

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

class Reader {
 public:
  Json read(const YAML::Node& node, std::size_t depth) {
    if (depth > json_depth_max) throw Trouble{"The file is nested too deeply."};
    // Aliases share nodes, so a small file can stand for a huge tree: what is read is counted, not what is written.
    if (++values_ > json_values_max) throw Trouble{"The file has too many values."};
    switch (node.Type()) {
      case YAML::NodeType::Scalar:
        return node.Tag() == "!" ? Json(node.Scalar()) : plain_scalar(node.Scalar());
      case YAML::NodeType::Sequence:
        return sequence(node, depth);
      case YAML::NodeType::Map:
        return map(node, depth);
      default:
        return nullptr;
    }
  }

 private:
  Json sequence(const YAML::Node& node, std::size_t depth) {
    Json list = Json::list();
    for (const YAML::Node& item : node)
      list.append(read(item, depth + 1));
    return list;
  }

  Json map(const YAML::Node& node, std::size_t depth) {
    Json object = Json::object();
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) throw Trouble{"The name of a member must be text."};
      const std::string& name = entry.first.Scalar();
      if (object.find(name) != nullptr) throw Trouble{stands_twice(name)};
      if (object.members()->size() == json_members_max) throw Trouble{"An object has too many members."};
      object.set(name, read(entry.second, depth + 1));
    }
    return object;
  }

  std::size_t values_ = 0;
};

// Readers of YAML 1.1 take 22:00 for a number, 2026-11-01 for a date and "on" for true.
bool needs_quotes(const std::string& text) {
  static const std::set<std::string, std::less<>> words = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"};
  if (plain_scalar(text).text() == nullptr || std::isalpha(static_cast<unsigned char>(text.front())) == 0) return true;
  std::string lower = text;
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return words.contains(lower);
}

void emit(YAML::Emitter& out, const Json& json) {
  if (const bool* truth = json.boolean()) {
    out << *truth;
  } else if (const Json::Number* number = json.number()) {
    out << number->text;
  } else if (const std::string* text = json.text()) {
    if (needs_quotes(*text)) out << YAML::DoubleQuoted;
    out << *text;
  } else if (const Json::List* items = json.items()) {
    if (items->empty()) out << YAML::Flow;
    out << YAML::BeginSeq;
    for (const Json& item : *items)
      emit(out, item);
    out << YAML::EndSeq;
  } else if (const Json::Object* members = json.members()) {
    if (members->empty()) out << YAML::Flow;
    out << YAML::BeginMap;
    for (const auto& [name, value] : *members) {
      out << YAML::Key << name << YAML::Value;
      emit(out, value);
    }
    out << YAML::EndMap;
  } else {
    out << YAML::Null;
  }
}

}  // namespace

JsonOutcome parse_yaml(const std::string& text) {
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
  YAML::Emitter out;
  emit(out, json);
  return std::string(out.c_str()) + "\n";
}

}  // namespace obleth::admin
