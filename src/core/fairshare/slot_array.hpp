// Slots that are taken and given back by index, so that the steady path neither allocates nor moves anything.
//
// A slot given back keeps what it holds (a vector its memory) until its next owner sets it up anew. References live
// until the next take(). Thread: that of its owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace obleth::fairshare {

// Index: an enum class over std::uint32_t, one per kind of thing, so that a node is never looked up as a lane.
template <class T, class Index>
class SlotArray {
 public:
  [[nodiscard]] Index take() {
    if (free_.empty()) {
      if (slots_.size() == slots_.capacity()) slots_.reserve(slots_.size() + slots_.size() / growth_part + slots_min);
      slots_.emplace_back();
      free_.reserve(slots_.capacity());  // giving back never allocates
      return static_cast<Index>(slots_.size() - 1);
    }
    const Index index = free_.back();
    free_.pop_back();
    return index;
  }
  void give_back(Index index) { free_.push_back(index); }

  [[nodiscard]] T& operator[](Index index) { return slots_[static_cast<std::size_t>(index)]; }
  [[nodiscard]] const T& operator[](Index index) const { return slots_[static_cast<std::size_t>(index)]; }

  // Every index ever taken is below this, whether it was given back or not.
  [[nodiscard]] std::size_t extent() const { return slots_.size(); }

 private:
  static constexpr std::size_t slots_min = 64;
  static constexpr std::size_t growth_part =
      4;  // room for a quarter more: with 100,000 tenants twice as many would tell

  std::vector<T> slots_;
  std::vector<Index> free_;
};

}  // namespace obleth::fairshare
