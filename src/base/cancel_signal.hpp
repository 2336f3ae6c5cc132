// "Stop waiting": fired once, heard by every listener that is attached at that moment or later.
//
// The client's departure is one of these. Awaitables attach a listener while they are suspended, so a client that
// leaves is noticed in the queue, in a retry pause and in mid-stream alike. Thread: one thread, the connection's.
#pragma once

#include <utility>

namespace obleth {

class CancelSignal {
 public:
  class Listener {
   public:
    Listener() = default;
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    virtual void cancelled() = 0;

   protected:
    ~Listener() { detach(); }
    void detach() {
      if (signal_ == nullptr) return;
      *previous_ = next_;
      if (next_ != nullptr) next_->previous_ = previous_;
      signal_ = nullptr;
    }

   private:
    friend class CancelSignal;
    CancelSignal* signal_ = nullptr;
    Listener* next_ = nullptr;
    Listener** previous_ = nullptr;
  };

  CancelSignal() = default;
  CancelSignal(const CancelSignal&) = delete;
  CancelSignal& operator=(const CancelSignal&) = delete;
  ~CancelSignal() {
    while (first_ != nullptr)
      first_->detach();
  }

  [[nodiscard]] bool fired() const { return fired_; }

  // The caller checks fired() first: attaching to a fired signal does not call back.
  void attach(Listener& listener) {
    listener.detach();
    listener.signal_ = this;
    listener.next_ = first_;
    listener.previous_ = &first_;
    if (first_ != nullptr) first_->previous_ = &listener.next_;
    first_ = &listener;
  }
  static void detach(Listener& listener) { listener.detach(); }

  void fire() {
    fired_ = true;
    while (first_ != nullptr) {
      Listener& listener = *first_;
      listener.detach();
      listener.cancelled();
    }
  }
  // For the next request on the same connection.
  void rearm() { fired_ = false; }

 private:
  bool fired_ = false;
  Listener* first_ = nullptr;
};

}  // namespace obleth
