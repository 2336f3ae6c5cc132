#include "mock/forced_output.hpp"

#include <boost/json.hpp>

#include "mock/schema_sample.hpp"

namespace obleth::mock {
namespace json = boost::json;
namespace {

const json::object* object_in(const json::object& parent, json::string_view name) {
  const json::value* value = parent.if_contains(name);
  return value == nullptr ? nullptr : value->if_object();
}

std::string text_in(const json::object& parent, json::string_view name) {
  const json::value* value = parent.if_contains(name);
  return value == nullptr || !value->is_string() ? std::string() : std::string(value->get_string());
}

// chat nests {"type":"function","function":{…}}; responses and messages are flat.
const json::object& function_of(const json::object& tool) {
  const json::object* nested = object_in(tool, "function");
  return nested != nullptr ? *nested : tool;
}

struct Choice {
  bool forced = false;
  std::string name;  // empty: any of the tools
};

// "required" (OpenAI), {"type":"any"} (Anthropic), or a tool by its name.
Choice forced_choice(const json::object& body) {
  const json::value* choice = body.if_contains("tool_choice");
  if (choice == nullptr) return {};
  if (choice->is_string()) return {*choice == "required", {}};
  if (!choice->is_object()) return {};
  const json::object& named = choice->get_object();
  if (text_in(named, "type") == "any") return {true, {}};
  std::string name = text_in(function_of(named), "name");
  const bool forced = !name.empty();
  return {forced, std::move(name)};
}

void read_call(const json::object& body, ModelRequest& request) {
  const Choice choice = forced_choice(body);
  const json::value* tools = body.if_contains("tools");
  if (!choice.forced || tools == nullptr || !tools->is_array()) return;
  for (const json::value& tool : tools->get_array()) {
    if (!tool.is_object()) continue;
    const json::object& function = function_of(tool.get_object());
    std::string name = text_in(function, "name");
    if (name.empty() || (!choice.name.empty() && choice.name != name)) continue;
    const json::value* schema = function.if_contains("parameters");
    if (schema == nullptr) schema = function.if_contains("input_schema");
    request.call = ForcedCall{std::move(name), schema == nullptr ? "{}" : sample_of_schema(*schema)};
    return;
  }
}

// chat: response_format.json_schema.schema; responses: text.format.schema.
void read_format(const json::object& body, ModelRequest& request) {
  const json::object* format = object_in(body, "response_format");
  const json::object* text = object_in(body, "text");
  if (text != nullptr) format = object_in(*text, "format");
  if (format == nullptr) return;
  const std::string type = text_in(*format, "type");
  if (type == "json_object") request.forced_text = R"({"answer":"word"})";
  if (type != "json_schema") return;
  const json::object* nested = object_in(*format, "json_schema");
  const json::value* schema = (nested != nullptr ? *nested : *format).if_contains("schema");
  if (schema != nullptr) request.forced_text = sample_of_schema(*schema);
}

}  // namespace

void read_forced_output(const json::object& body, ModelRequest& request) {
  read_call(body, request);
  if (!request.call) read_format(body, request);
}

}  // namespace obleth::mock
