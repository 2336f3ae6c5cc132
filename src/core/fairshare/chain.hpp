// A doubly linked list through the slots of an array: O(1) at both ends and from the middle, no memory of its own.
//
// Thread: that of its owner.
#pragma once

namespace obleth::fairshare {

template <class Index>
struct Links {
  Index before = Index::none;
  Index after = Index::none;
};

// Member, at each call: which Links of the slot this list runs through; a slot may stand in one list per member.
template <class Index>
class Chain {
 public:
  [[nodiscard]] bool empty() const { return front_ == Index::none; }
  [[nodiscard]] Index front() const { return front_; }
  [[nodiscard]] Index back() const { return back_; }

  template <auto Member>
  void push_back(auto& slots, Index index) {
    slots[index].*Member = {.before = back_, .after = Index::none};
    (back_ == Index::none ? front_ : (slots[back_].*Member).after) = index;
    back_ = index;
  }

  template <auto Member>
  void unlink(auto& slots, Index index) {
    const Links<Index> links = slots[index].*Member;
    (links.before == Index::none ? front_ : (slots[links.before].*Member).after) = links.after;
    (links.after == Index::none ? back_ : (slots[links.after].*Member).before) = links.before;
    slots[index].*Member = {};
  }

 private:
  Index front_ = Index::none;
  Index back_ = Index::none;
};

}  // namespace obleth::fairshare
