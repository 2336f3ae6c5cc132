// The values of one label, numbered in the order in which they came, up to a bound; further ones are "other".
//
// Any thread. Readers on the path keep what they found in a LabelCache of their own and come here once per value.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace obleth::observe {

using LabelValue = std::uint16_t;
inline constexpr LabelValue label_other = 0;   // shown as "other"
inline constexpr LabelValue label_absent = 1;  // the empty value: the label is not shown

struct TextHash {
  using is_transparent = void;
  [[nodiscard]] std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
using LabelNumbers = std::unordered_map<std::string, LabelValue, TextHash, std::equal_to<>>;

class LabelTable {
 public:
  void limit(std::size_t values_max) { values_max_ = values_max; }

  [[nodiscard]] LabelValue number_of(std::string_view value);
  [[nodiscard]] bool knows(std::string_view value) const;
  [[nodiscard]] std::string text_of(LabelValue number) const;

 private:
  mutable std::mutex mutex_;
  LabelNumbers numbers_;
  std::deque<std::string> texts_{"other", ""};
  std::size_t values_max_ = 0;
};

// One thread's memory of a table. Thread: its owner.
class LabelCache {
 public:
  [[nodiscard]] LabelValue number_of(std::string_view value, LabelTable& table);

 private:
  LabelNumbers numbers_;                            // never holds more than the table
  const LabelNumbers::value_type* last_ = nullptr;  // many requests in a row say the same
};

}  // namespace obleth::observe
