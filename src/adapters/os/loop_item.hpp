// Something that an EpollLoop runs once, soon: a coroutine to resume, a connection to delete.
//
// Event dispatch only sets flags and schedules items, so no object can be destroyed while it is being dispatched.
// Destroying a scheduled item takes it off the list. Thread: its loop's.
#pragma once

namespace obleth::adapters {

class LoopItem {
 public:
  LoopItem() = default;
  LoopItem(const LoopItem&) = delete;
  LoopItem& operator=(const LoopItem&) = delete;
  virtual void run() = 0;
  [[nodiscard]] bool is_scheduled() const { return next_ != nullptr; }

 protected:
  ~LoopItem() { unlink(); }
  void unlink() {
    if (next_ == nullptr) return;
    next_->previous_ = previous_;
    previous_->next_ = next_;
    next_ = previous_ = nullptr;
  }

 private:
  friend class LoopItemList;
  LoopItem* next_ = nullptr;
  LoopItem* previous_ = nullptr;
};

// First in, first out; circular around a sentinel, so that any item can leave from the middle.
class LoopItemList {
 public:
  LoopItemList() { ends_.next_ = ends_.previous_ = &ends_; }
  LoopItemList(const LoopItemList&) = delete;
  LoopItemList& operator=(const LoopItemList&) = delete;
  ~LoopItemList() {
    while (!empty())
      first().unlink();
  }

  [[nodiscard]] bool empty() const { return ends_.next_ == &ends_; }
  void push(LoopItem& item) {
    if (item.is_scheduled()) return;
    item.next_ = &ends_;
    item.previous_ = ends_.previous_;
    ends_.previous_->next_ = &item;
    ends_.previous_ = &item;
  }
  void run_first() {
    LoopItem& item = first();
    item.unlink();
    item.run();
  }
  // What is there now; what those items schedule waits for the next call.
  void run_all() {
    LoopItemList batch;
    batch.take(*this);
    while (!batch.empty())
      batch.run_first();
  }
  // All of another list, behind what is here.
  void take(LoopItemList& from) {
    if (from.empty()) return;
    from.ends_.next_->previous_ = ends_.previous_;
    ends_.previous_->next_ = from.ends_.next_;
    ends_.previous_ = from.ends_.previous_;
    ends_.previous_->next_ = &ends_;
    from.ends_.next_ = from.ends_.previous_ = &from.ends_;
  }

 private:
  struct Ends final : LoopItem {
    void run() override {}
  };

  [[nodiscard]] LoopItem& first() const { return *ends_.next_; }

  Ends ends_;
};

}  // namespace obleth::adapters
