// The answers under way on one thread, so that a process that stops can break them off. Thread: one.
#pragma once

namespace obleth::adapters {

class LiveAnswers {
 public:
  // Leaves the list when it goes.
  class Member {
   public:
    Member() = default;
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;
    // Destroys nothing and resumes nothing at once.
    virtual void break_off() = 0;

   protected:
    ~Member() {
      if (before_ == nullptr) return;
      *before_ = next_;
      if (next_ != nullptr) next_->before_ = before_;
    }

   private:
    friend class LiveAnswers;
    Member* next_ = nullptr;
    Member** before_ = nullptr;
  };

  LiveAnswers() = default;
  LiveAnswers(const LiveAnswers&) = delete;
  LiveAnswers& operator=(const LiveAnswers&) = delete;

  void add(Member& member) {
    member.next_ = first_;
    member.before_ = &first_;
    if (first_ != nullptr) first_->before_ = &member.next_;
    first_ = &member;
  }
  void break_off_all() {
    for (Member* member = first_; member != nullptr; member = member->next_)
      member->break_off();
  }

 private:
  Member* first_ = nullptr;
};

}  // namespace obleth::adapters
