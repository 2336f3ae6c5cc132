#include "mock/schema_sample.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <string_view>

namespace obleth::mock {
namespace json = boost::json;
namespace {

constexpr std::int64_t length_max = 1000;  // of a sampled text or list, whatever the schema asks

class Sampler {
 public:
  explicit Sampler(const json::value& root) : root_(root) {}

  json::value sample(const json::value& schema, int depth) const {
    const json::object* rules = schema.if_object();
    if (rules == nullptr || depth > schema_depth_max) return nullptr;
    if (const json::value* fixed = rules->if_contains("const")) return *fixed;
    if (const json::value* values = rules->if_contains("enum")) return first_of(*values);
    if (const json::value* target = rules->if_contains("$ref")) return sample(referenced(*target), depth + 1);
    for (const auto* choice : {"anyOf", "oneOf"}) {
      if (const json::value* schemas = rules->if_contains(choice)) return sample(one_of(*schemas, depth), depth + 1);
    }
    if (rules->contains("properties") || type_of(*rules) == "object") return object_of(*rules, depth);
    if (const json::value* schemas = rules->if_contains("allOf")) return sample(first_of(*schemas), depth + 1);
    return plain(*rules, depth);
  }

 private:
  static json::value first_of(const json::value& list) {
    const json::array* values = list.if_array();
    return values == nullptr || values->empty() ? json::value(nullptr) : values->front();
  }

  // Near the bottom a schema that may be null is, so that recursive ones end.
  static json::value one_of(const json::value& schemas, int depth) {
    const json::array* list = schemas.if_array();
    if (list == nullptr || list->empty()) return nullptr;
    if (depth > schema_depth_max / 2) {
      for (const json::value& schema : *list)
        if (schema.is_object() && type_of(schema.get_object()) == "null") return schema;
    }
    return list->front();
  }

  static std::string_view type_of(const json::object& rules) {
    const json::value* type = rules.if_contains("type");
    if (type == nullptr) return {};
    const json::value* first = type->is_array() && !type->get_array().empty() ? &type->get_array().front() : type;
    const json::string* name = first->if_string();
    return name == nullptr ? std::string_view() : std::string_view(name->data(), name->size());
  }

  // "#/$defs/Name": a JSON pointer into the document.
  json::value referenced(const json::value& reference) const {
    const json::string* text = reference.if_string();
    if (text == nullptr || !text->starts_with("#")) return nullptr;
    json::error_code error;
    const json::value* found = root_.find_pointer(json::string_view(text->data() + 1, text->size() - 1), error);
    return error || found == nullptr ? json::value(nullptr) : *found;
  }

  json::value object_of(const json::object& rules, int depth) const {
    json::object sampled;
    const json::value* properties = rules.if_contains("properties");
    if (properties == nullptr || !properties->is_object()) return sampled;
    for (const auto& property : properties->get_object()) {
      if (depth > schema_depth_max / 2 && !is_required(rules, property.key())) continue;
      sampled[property.key()] = sample(property.value(), depth + 1);
    }
    return sampled;
  }

  static bool is_required(const json::object& rules, json::string_view name) {
    const json::value* required = rules.if_contains("required");
    if (required == nullptr || !required->is_array()) return false;
    return std::ranges::any_of(required->get_array(), [&](const json::value& listed) {
      return listed.is_string() && json::string_view(listed.get_string()) == name;
    });
  }

  static std::int64_t whole_number(const json::object& rules, json::string_view name, std::int64_t otherwise) {
    const json::value* number = rules.if_contains(name);
    if (number == nullptr) return otherwise;
    json::error_code error;
    const auto whole =
        number->is_double() ? static_cast<std::int64_t>(number->get_double()) : number->to_number<std::int64_t>(error);
    return error ? otherwise : whole;
  }

  json::value plain(const json::object& rules, int depth) const {
    const std::string_view type = type_of(rules);
    if (type == "integer") return number_of(rules);
    if (type == "number") return static_cast<double>(number_of(rules)) + 0.0;
    if (type == "boolean") return true;
    if (type == "null") return nullptr;
    if (type == "array") return array_of(rules, depth);
    return text_of(rules);
  }

  static std::int64_t number_of(const json::object& rules) {
    const std::int64_t above = whole_number(rules, "exclusiveMinimum", 0);
    const std::int64_t least = std::max(whole_number(rules, "minimum", 1), above + 1);
    return std::min(least, whole_number(rules, "maximum", std::max<std::int64_t>(least, 1)));
  }

  json::value array_of(const json::object& rules, int depth) const {
    json::array sampled;
    const json::value* items = rules.if_contains("items");
    const std::int64_t least = whole_number(rules, "minItems", depth > schema_depth_max / 2 ? 0 : 1);
    for (std::int64_t count = std::clamp<std::int64_t>(least, 0, length_max); count > 0; --count)
      sampled.push_back(items == nullptr ? json::value("word") : sample(*items, depth + 1));
    return sampled;
  }

  static json::value text_of(const json::object& rules) {
    constexpr std::pair<std::string_view, std::string_view> formats[] = {
        {"date-time", "2024-01-01T00:00:00Z"},
        {"date", "2024-01-01"},
        {"time", "00:00:00Z"},
        {"email", "mock@example.com"},
        {"uri", "https://example.com/"},
        {"uuid", "00000000-0000-4000-8000-000000000000"}};
    if (const json::value* format = rules.if_contains("format"); format != nullptr && format->is_string()) {
      for (const auto& [name, text] : formats)
        if (std::string_view(format->get_string().c_str()) == name) return json::string(text.data(), text.size());
    }
    std::string text = "word";
    const std::int64_t least = std::min(whole_number(rules, "minLength", 0), length_max);
    if (std::cmp_less(text.size(), least)) text.resize(static_cast<std::size_t>(least), 'w');
    const std::int64_t most = std::max<std::int64_t>(0, whole_number(rules, "maxLength", length_max));
    if (std::cmp_greater(text.size(), most)) text.resize(static_cast<std::size_t>(most));
    return json::string(text);
  }

  const json::value& root_;
};

}  // namespace

std::string sample_of_schema(const json::value& schema) {
  const json::value sampled = Sampler(schema).sample(schema, 0);
  return sampled.is_null() ? "{}" : json::serialize(sampled);
}

}  // namespace obleth::mock
