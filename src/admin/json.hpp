// A JSON value as the Management API reads and writes it: members keep their order, numbers keep their source text.
//
// Number text is kept so that a price or a weight never passes through floating point. Reading refuses a member that
// stands twice in one object. Thread: a value.
#pragma once

#include <concepts>
#include <cstdint>
#include <expected>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace obleth::admin {

inline constexpr std::size_t json_depth_max = 32;
inline constexpr std::size_t json_values_max = 1'000'000;  // of one document
inline constexpr std::size_t json_members_max = 10'000;    // of one object: find() looks at one after the other

class Json {
 public:
  struct Number {
    std::string text;  // in JSON's grammar
    bool operator==(const Number&) const = default;
  };
  using List = std::vector<Json>;
  using Member = std::pair<std::string, Json>;
  using Object = std::vector<Member>;

  Json() = default;
  Json(std::nullptr_t) {}                                 // NOLINT(google-explicit-constructor): a value is one
  Json(std::same_as<bool> auto value) : value_(value) {}  // NOLINT(google-explicit-constructor)
  Json(std::integral auto value)                          // NOLINT(google-explicit-constructor)
    requires(!std::same_as<decltype(value), bool>)
      : value_(Number{std::to_string(value)}) {}
  Json(std::string text) : value_(std::move(text)) {}         // NOLINT(google-explicit-constructor)
  Json(std::string_view text) : value_(std::string(text)) {}  // NOLINT(google-explicit-constructor)
  Json(const char* text) : value_(std::string(text)) {}       // NOLINT(google-explicit-constructor)
  Json(List list) : value_(std::move(list)) {}                // NOLINT(google-explicit-constructor)
  Json(Object object) : value_(std::move(object)) {}          // NOLINT(google-explicit-constructor)

  // text must be a number of JSON's grammar.
  [[nodiscard]] static Json number(std::string text) {
    Json json;
    json.value_ = Number{std::move(text)};
    return json;
  }
  [[nodiscard]] static Json object(std::initializer_list<Member> members = {}) { return Object(members); }
  [[nodiscard]] static Json list(std::initializer_list<Json> items = {}) { return List(items); }

  [[nodiscard]] bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  // Null when the value is of another kind.
  [[nodiscard]] const bool* boolean() const { return std::get_if<bool>(&value_); }
  [[nodiscard]] const Number* number() const { return std::get_if<Number>(&value_); }
  [[nodiscard]] const std::string* text() const { return std::get_if<std::string>(&value_); }
  [[nodiscard]] const List* items() const { return std::get_if<List>(&value_); }
  [[nodiscard]] const Object* members() const { return std::get_if<Object>(&value_); }
  [[nodiscard]] List* items() { return std::get_if<List>(&value_); }
  [[nodiscard]] Object* members() { return std::get_if<Object>(&value_); }

  // A member by name; null when absent or when this is no object.
  [[nodiscard]] const Json* find(std::string_view name) const;
  // Adds the member, or replaces the one of that name. Makes a null into an object.
  void set(std::string name, Json value);
  void remove(std::string_view name);
  // Appends to a list. Makes a null into a list.
  void append(Json item);

  bool operator==(const Json&) const = default;

 private:
  std::variant<std::monostate, bool, Number, std::string, List, Object> value_;
};

// Compact JSON.
[[nodiscard]] std::string to_text(const Json& json);

// The problem, as the client should read it.
using JsonOutcome = std::expected<Json, std::string>;
[[nodiscard]] JsonOutcome parse_json(std::string_view text);
// One YAML document. Plain scalars become null, booleans and numbers by YAML 1.2's core schema where JSON has them.
[[nodiscard]] JsonOutcome parse_yaml(const std::string& text);
[[nodiscard]] std::string to_yaml(const Json& json);

// The rule for both languages, of a whole object: the problem of a name that stands in it twice.
[[nodiscard]] std::optional<std::string> repeated_name(const Json::Object& members);
[[nodiscard]] bool is_json_number(std::string_view text);

}  // namespace obleth::admin
