// The plain rules that the engine is compared with: first come first served, round robin, least served by weight.
//
// They know tenants and slots, and neither groups, keys nor models. Nobody is refused. One thread.
#pragma once

#include <deque>
#include <map>
#include <vector>

#include "sim/scheduler.hpp"

namespace obleth::sim {

class PlainQueue final : public Scheduler {
 public:
  PlainQueue(Rule rule, std::uint32_t slots) : rule_(rule), slots_(slots) {}

  void step(const Event& event, Instant now, Actions& actions) override;
  [[nodiscard]] std::uint32_t in_flight() const override { return in_flight_; }
  [[nodiscard]] std::uint32_t queued() const override { return queued_; }

 private:
  struct Request {
    std::uint64_t waiter = 0;
    std::uint64_t number = 0;
    TenantId tenant;
    double declared = 0;
    Instant arrived;
    std::uint32_t generation = 0;
    bool waits = false;
  };
  struct Tenant {
    double weight = 1;
    double served = 0;
    std::uint64_t last_turn = 0;
    std::deque<std::uint32_t> line;
  };

  void on(const fairshare::Arrive& event);
  void on(const fairshare::Finish& event);
  void on(const fairshare::Withdraw& event);
  void on(const fairshare::SetTenant& event) { tenants_[event.tenant].weight = event.settings.weight; }
  void on(const fairshare::SetCapacity& event) { slots_ = event.slots; }
  void on(const auto&) {}
  void dispatch();
  [[nodiscard]] bool before(const Tenant& one, const Tenant& other) const;

  Rule rule_;
  std::uint32_t slots_;
  std::uint32_t in_flight_ = 0;
  std::uint32_t queued_ = 0;
  std::uint64_t arrivals_ = 0;
  std::uint64_t turns_ = 0;
  std::map<TenantId, Tenant> tenants_;
  std::vector<Request> requests_;
  std::vector<std::uint32_t> free_;
  Instant now_;
  Actions* actions_ = nullptr;
};

}  // namespace obleth::sim
