// A bounded map that forgets what was not used lately: second chance, as in CLOCK (Corbató, 1968), an LRU whose hits
// only set a flag. It grows as it is filled, so an idle process pays nothing.
//
// Thread: find() and size() under a shared lock, everything else under an exclusive one; the owner locks.
#pragma once

#include <atomic>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

namespace obleth::adapters {

template <class Key, class Value>
class ClockMap {
 public:
  explicit ClockMap(std::size_t size_max) : size_max_(size_max) {}

  [[nodiscard]] std::size_t size() const { return index_.size(); }

  [[nodiscard]] const Value* find(const Key& key) const {
    const auto found = index_.find(key);
    if (found == index_.end()) return nullptr;
    const Slot& slot = slots_[found->second];
    // Written only when it changes: hits on many cores then share the line.
    if (!slot.touched.load(std::memory_order_relaxed)) slot.touched.store(true, std::memory_order_relaxed);
    return &slot.value;
  }
  [[nodiscard]] Value* find(const Key& key) {
    return const_cast<Value*>(static_cast<const ClockMap*>(this)->find(key));
  }

  void put(const Key& key, Value value) {
    if (Value* known = find(key)) {
      *known = std::move(value);
      return;
    }
    const std::size_t at = free_slot();
    slots_[at].key = key;
    slots_[at].value = std::move(value);
    slots_[at].touched.store(false, std::memory_order_relaxed);
    index_.emplace(key, at);
  }

  void erase(const Key& key) {
    const auto found = index_.find(key);
    if (found == index_.end()) return;
    slots_[found->second].value = Value{};
    free_.push_back(found->second);
    index_.erase(found);
  }

  void clear() {
    index_.clear();
    free_.clear();
    slots_.clear();
    hand_ = 0;
  }

  template <class Visit>
  void for_each(Visit visit) {
    for (const auto& [key, at] : index_)
      visit(key, slots_[at].value);
  }

 private:
  struct Slot {
    Key key{};
    Value value{};
    mutable std::atomic<bool> touched = false;
  };

  std::size_t free_slot() {
    if (!free_.empty()) {
      const std::size_t at = free_.back();
      free_.pop_back();
      return at;
    }
    if (slots_.size() < size_max_) {
      slots_.emplace_back();
      return slots_.size() - 1;
    }
    return evict();
  }

  // No slot is free, so every slot that the hand passes is in use.
  std::size_t evict() {
    while (slots_[hand_].touched.exchange(false, std::memory_order_relaxed))
      hand_ = (hand_ + 1) % slots_.size();
    const std::size_t at = hand_;
    hand_ = (hand_ + 1) % slots_.size();
    index_.erase(slots_[at].key);
    return at;
  }

  const std::size_t size_max_;
  std::deque<Slot> slots_;  // slots do not move
  boost::unordered_flat_map<Key, std::size_t> index_;
  std::vector<std::size_t> free_;
  std::size_t hand_ = 0;
};

}  // namespace obleth::adapters
