#include "observe/label_table.hpp"

namespace obleth::observe {
namespace {

constexpr std::size_t reserved_count = 2;  // "other" and the empty one

}  // namespace

LabelValue LabelTable::number_of(std::string_view value) {
  if (value.empty()) return label_absent;
  const std::scoped_lock lock(mutex_);
  if (value == texts_[label_other]) return label_other;  // one of this name joins what is beyond the bound
  const auto found = numbers_.find(value);
  if (found != numbers_.end()) return found->second;
  if (numbers_.size() >= values_max_) return label_other;
  const auto number = static_cast<LabelValue>(numbers_.size() + reserved_count);
  numbers_.emplace(value, number);
  texts_.emplace_back(value);
  return number;
}

bool LabelTable::knows(std::string_view value) const {
  const std::scoped_lock lock(mutex_);
  return numbers_.contains(value);
}

std::string LabelTable::text_of(LabelValue number) const {
  const std::scoped_lock lock(mutex_);
  return number < texts_.size() ? texts_[number] : texts_[label_other];
}

LabelValue LabelCache::number_of(std::string_view value, LabelTable& table) {
  if (value.empty()) return label_absent;
  if (last_ != nullptr && last_->first == value) return last_->second;
  const auto found = numbers_.find(value);
  if (found != numbers_.end()) {
    last_ = &*found;
    return found->second;
  }
  // A value that the full table knows is still found there; asking costs a lock, and only the surplus pays it.
  const LabelValue number = table.number_of(value);
  if (number != label_other) numbers_.emplace(value, number);
  return number;
}

}  // namespace obleth::observe
