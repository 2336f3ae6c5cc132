#include "mock/control.hpp"

#include <algorithm>
#include <boost/json.hpp>

namespace obleth::mock {
namespace json = boost::json;
namespace {

constexpr std::string_view header_prefix = "x-mock-";

std::string plain_word(std::string_view key) {
  if (key.starts_with(header_prefix)) key.remove_prefix(header_prefix.size());
  std::string word(key);
  std::ranges::replace(word, '_', '-');
  return word;
}

std::string as_text(const json::value& value) {
  const json::string* text = value.if_string();
  return text != nullptr ? std::string(*text) : json::serialize(value);
}

Fault not_understood(std::string word) {
  return client_fault(FaultKind::invalid, "this word or its value is not understood: " + word, word);
}

}  // namespace

Result<void> Control::change(std::string_view text) {
  json::error_code error;
  const json::value document = json::parse(json::string_view(text.data(), text.size()), error);
  const json::object* members = error ? nullptr : document.if_object();
  if (members == nullptr) return fail(client_fault(FaultKind::invalid, "send a JSON object"));

  Words words = members->empty() ? Words() : *snapshot();
  Behaviour trial;
  for (const auto& member : *members) {
    const std::string word = plain_word(std::string_view(member.key().data(), member.key().size()));
    std::erase_if(words, [&](const auto& known) { return known.first == word; });
    if (member.value().is_null()) continue;
    std::string value = as_text(member.value());
    if (!apply_word(trial, word, value)) return fail(not_understood(word));
    words.emplace_back(word, std::move(value));
  }
  store(std::move(words));
  return {};
}

void Control::clear() {
  store(Words());
}

void Control::apply(Behaviour& behaviour) const {
  if (!any_.load(std::memory_order_acquire)) return;
  const auto words = snapshot();
  for (const auto& [word, value] : *words) {
    // Each was tried before it was stored.
    static_cast<void>(apply_word(behaviour, word, value));
  }
}

std::string Control::render() const {
  json::object members;
  const auto words = snapshot();
  for (const auto& [word, value] : *words)
    members[word] = value;
  return json::serialize(members);
}

std::shared_ptr<const Words> Control::snapshot() const {
  const std::scoped_lock lock(mutex_);
  return words_;
}

void Control::store(Words words) {
  auto fresh = std::make_shared<const Words>(std::move(words));
  const std::scoped_lock lock(mutex_);
  any_.store(!fresh->empty(), std::memory_order_release);
  words_ = std::move(fresh);
}

}  // namespace obleth::mock
