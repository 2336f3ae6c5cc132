// A held slot. Made by await_turn, after the grant; when it goes, the slot is free.
//
// Move-only. Its connection's thread.
#pragma once

#include <utility>

#include "domain/usage_record.hpp"
#include "gateway/admission_desk.hpp"

namespace obleth::gateway {

class Permit {
 public:
  Permit(AdmissionDesk& desk, ports::Loop& loop, fairshare::Ticket ticket)
      : desk_(&desk), loop_(&loop), ticket_(ticket) {}
  Permit(Permit&& other) noexcept
      : desk_(std::exchange(other.desk_, nullptr)),
        loop_(other.loop_),
        ticket_(other.ticket_),
        reached_upstream_(other.reached_upstream_) {}
  Permit& operator=(Permit&&) = delete;
  // Given back unsettled: what was told by progress is charged, nothing at all if the upstream never saw the request.
  ~Permit() {
    if (desk_ != nullptr) {
      desk_->finish({.ticket = ticket_, .reached_upstream = reached_upstream_, .learn = false}, loop_->now());
    }
  }

  void note_reached_upstream() { reached_upstream_ = true; }
  [[nodiscard]] bool reached_upstream() const { return reached_upstream_; }
  void progress(OutputTokens generated) { desk_->progress(ticket_, generated.value, loop_->now()); }

  // Frees the slot and settles the truth. complete: the answer may teach the output estimate.
  fairshare::Settled settle(std::optional<TokenUsage> usage, bool complete) {
    return std::exchange(desk_, nullptr)
        ->finish({.ticket = ticket_, .reached_upstream = reached_upstream_, .learn = complete, .usage = usage},
                 loop_->now());
  }

 private:
  AdmissionDesk* desk_;
  ports::Loop* loop_;
  fairshare::Ticket ticket_;
  bool reached_upstream_ = false;
};

// What the slot cost, into the request's row: all that held one are told of, so that rows add up to what was used.
inline void write_charge(UsageRecord& record, const fairshare::Settled& charged) {
  record.fairshare_cost = charged.cost;
  record.slot_ms = whole_ms(charged.slot_time);
  record.gpu_ms = charged.gpu_ms;
}

}  // namespace obleth::gateway
