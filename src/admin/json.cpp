#include "admin/json.hpp"

#include <algorithm>

#include "wire/error_body.hpp"

namespace obleth::admin {
namespace {

void append(std::string& out, const Json& json);

void append_text(std::string& out, std::string_view text) {
  out += '"';
  wire::append_json_string(out, text);
  out += '"';
}

void append_object(std::string& out, const Json::Object& members) {
  out += '{';
  for (const Json::Member& member : members) {
    if (&member != &members.front()) out += ',';
    append_text(out, member.first);
    out += ':';
    append(out, member.second);
  }
  out += '}';
}

void append_list(std::string& out, const Json::List& items) {
  out += '[';
  for (const Json& item : items) {
    if (&item != &items.front()) out += ',';
    append(out, item);
  }
  out += ']';
}

void append(std::string& out, const Json& json) {
  if (const bool* truth = json.boolean()) {
    out += *truth ? "true" : "false";
  } else if (const Json::Number* number = json.number()) {
    out += number->text;
  } else if (const std::string* text = json.text()) {
    append_text(out, *text);
  } else if (const Json::List* items = json.items()) {
    append_list(out, *items);
  } else if (const Json::Object* members = json.members()) {
    append_object(out, *members);
  } else {
    out += "null";
  }
}

auto named(std::string_view name) {
  return [name](const Json::Member& member) { return member.first == name; };
}

std::size_t skip_digits(std::string_view text, std::size_t at) {
  while (at < text.size() && text[at] >= '0' && text[at] <= '9')
    ++at;
  return at;
}

}  // namespace

const Json* Json::find(std::string_view name) const {
  const Object* object = members();
  if (object == nullptr) return nullptr;
  const auto found = std::ranges::find_if(*object, named(name));
  return found == object->end() ? nullptr : &found->second;
}

void Json::set(std::string name, Json value) {
  if (is_null()) value_ = Object();
  Object& object = std::get<Object>(value_);
  const auto found = std::ranges::find_if(object, named(name));
  if (found == object.end())
    object.emplace_back(std::move(name), std::move(value));
  else
    found->second = std::move(value);
}

void Json::remove(std::string_view name) {
  if (Object* object = members()) std::erase_if(*object, named(name));
}

void Json::append(Json item) {
  if (is_null()) value_ = List();
  std::get<List>(value_).push_back(std::move(item));
}

std::string to_text(const Json& json) {
  std::string out;
  append(out, json);
  return out;
}

std::optional<std::string> repeated_name(const Json::Object& members) {
  std::vector<std::string_view> names;
  names.reserve(members.size());
  for (const Json::Member& member : members)
    names.emplace_back(member.first);
  std::ranges::sort(names);
  const auto twice = std::ranges::adjacent_find(names);
  if (twice == names.end()) return std::nullopt;
  return "The member \"" + std::string(*twice) + "\" stands twice in one object: keep one of them.";
}

bool is_json_number(std::string_view text) {
  std::size_t at = text.starts_with('-') ? 1 : 0;
  const std::size_t whole = at;
  at = skip_digits(text, at);
  if (at == whole || (text[whole] == '0' && at > whole + 1)) return false;
  if (at < text.size() && text[at] == '.') {
    const std::size_t fraction = at + 1;
    at = skip_digits(text, fraction);
    if (at == fraction) return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    const std::size_t exponent = at;
    at = skip_digits(text, exponent);
    if (at == exponent) return false;
  }
  return at == text.size();
}

}  // namespace obleth::admin
