// As much of JSON Schema as openapi.json uses, to hold real requests and answers against it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <regex>
#include <string>
#include <string_view>

#include "admin/json.hpp"
#include "admin/scalar_text.hpp"

namespace obleth::admin {

class SchemaCheck {
 public:
  explicit SchemaCheck(const Json& openapi) : schemas_(*openapi.find("components")->find("schemas")) {}

  // Empty when the value fits, else where and why it does not.
  [[nodiscard]] std::string problem(const Json& value, const Json& schema, const std::string& at = "$") const {
    if (const Json* name = schema.find("$ref")) {
      const Json* target = schemas_.find(name->text()->substr(name->text()->rfind('/') + 1));
      return target == nullptr ? at + ": no schema " + *name->text() : problem(value, *target, at);
    }
    if (const Json* choices = schema.find("anyOf")) {
      const auto fits = [&](const Json& choice) { return problem(value, choice, at).empty(); };
      if (!std::ranges::any_of(*choices->items(), fits)) return at + ": fits none of anyOf: " + to_text(value);
    }
    const Json* refused = schema.find("not");
    if (refused != nullptr && problem(value, *refused, at).empty()) return at + ": is what it must not be";
    if (const Json* type = schema.find("type"); type != nullptr && !has_type(value, *type))
      return at + ": is no " + to_text(*type) + ": " + to_text(value);
    if (value.members() != nullptr) return object_problem(value, schema, at);
    if (value.items() != nullptr) return list_problem(value, schema, at);
    return scalar_problem(value, schema, at);
  }

 private:
  static bool is_type(const Json& value, const std::string& type) {
    if (type == "null") return value.is_null();
    if (type == "boolean") return value.boolean() != nullptr;
    if (type == "integer") return value.number() != nullptr && scaled_integer(value.number()->text, 0).has_value();
    if (type == "number") return value.number() != nullptr;
    if (type == "string") return value.text() != nullptr;
    if (type == "array") return value.items() != nullptr;
    return type == "object" && value.members() != nullptr;
  }
  static bool has_type(const Json& value, const Json& type) {
    if (type.text() != nullptr) return is_type(value, *type.text());
    for (const Json& one : *type.items()) {
      if (is_type(value, *one.text())) return true;
    }
    return false;
  }

  [[nodiscard]] std::string object_problem(const Json& value, const Json& schema, const std::string& at) const {
    if (const Json* required = schema.find("required")) {
      for (const Json& name : *required->items()) {
        if (value.find(*name.text()) == nullptr) return at + ": lacks " + *name.text();
      }
    }
    if (const Json* names = schema.find("propertyNames")) {
      for (const auto& [name, member] : *value.members()) {
        if (std::string wrong = scalar_problem(Json(name), *names, at); !wrong.empty()) return wrong;
      }
    }
    const Json* properties = schema.find("properties");
    const Json* others = schema.find("additionalProperties");
    for (const auto& [name, member] : *value.members()) {
      const Json* expected = properties == nullptr ? nullptr : properties->find(name);
      if (expected == nullptr && others != nullptr && others->members() != nullptr) expected = others;
      if (expected == nullptr && others != nullptr && others->boolean() != nullptr && !*others->boolean())
        return at + ": has the undeclared member " + name;
      if (expected == nullptr) continue;
      if (std::string inner = problem(member, *expected, at + "." + name); !inner.empty()) return inner;
    }
    return {};
  }

  [[nodiscard]] std::string list_problem(const Json& value, const Json& schema, const std::string& at) const {
    const Json* item = schema.find("items");
    for (std::size_t index = 0; item != nullptr && index < value.items()->size(); ++index) {
      std::string inner = problem((*value.items())[index], *item, at + "[" + std::to_string(index) + "]");
      if (!inner.empty()) return inner;
    }
    const Json* least = schema.find("minItems");
    if (least != nullptr && value.items()->size() < static_cast<std::size_t>(*scaled_integer(least->number()->text, 0)))
      return at + ": has too few items";
    return {};
  }

  [[nodiscard]] static std::string scalar_problem(const Json& value, const Json& schema, const std::string& at) {
    if (const Json* choices = schema.find("enum")) {
      for (const Json& choice : *choices->items()) {
        if (choice == value) return {};
      }
      return at + ": is none of " + to_text(*choices) + ": " + to_text(value);
    }
    const Json* pattern = schema.find("pattern");
    if (pattern != nullptr && value.text() != nullptr &&
        !std::regex_search(*value.text(), std::regex(*pattern->text())))
      return at + ": does not match " + *pattern->text() + ": " + to_text(value);
    for (const auto& [bound, sign] : {std::pair("minLength", 1), std::pair("maxLength", -1)}) {
      const Json* limit = schema.find(bound);
      if (limit == nullptr || value.text() == nullptr) continue;
      const auto length = static_cast<std::int64_t>(value.text()->size());
      if ((length - *scaled_integer(limit->number()->text, 0)) * sign < 0) return at + ": passes its " + bound;
    }
    const Json* format = schema.find("format");
    if (format != nullptr && *format->text() == "date-time" && value.text() != nullptr &&
        !wall_time_from_rfc3339(*value.text()))
      return at + ": is no moment: " + to_text(value);
    if (value.number() == nullptr) return {};
    const double number = std::strtod(value.number()->text.c_str(), nullptr);
    for (const auto& [bound, sign] : {std::pair("minimum", 1), std::pair("maximum", -1)}) {
      const Json* limit = schema.find(bound);
      if (limit == nullptr) continue;
      if ((number - std::strtod(limit->number()->text.c_str(), nullptr)) * sign < 0)
        return at + ": passes its " + bound + ": " + to_text(value);
    }
    return {};
  }

  const Json& schemas_;
};

}  // namespace obleth::admin
