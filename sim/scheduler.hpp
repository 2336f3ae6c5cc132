// Who decides whose turn it is: the engine of the gateway, or one of the plain rules that it is compared with.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "core/fairshare/admission.hpp"

namespace obleth::sim {

using fairshare::Actions;
using fairshare::Event;

// Events and actions are those of the production engine, whoever decides.
class Scheduler {
 public:
  virtual ~Scheduler() = default;
  virtual void step(const Event& event, Instant now, Actions& actions) = 0;
  [[nodiscard]] virtual Instant next_wakeup() const { return Instant::distant_future(); }
  [[nodiscard]] virtual std::uint32_t in_flight() const = 0;
  [[nodiscard]] virtual std::uint32_t queued() const = 0;
  // The production engine, where it is the one that decides, so that its own account can be checked.
  [[nodiscard]] virtual const fairshare::Admission* engine() const { return nullptr; }
};

enum class Rule : std::uint8_t {
  first_come,   // one queue for all
  round_robin,  // tenants in turn, request by request
  // The tenant with the least served by weight: the declared cost is charged at admission and corrected at the end.
  least_served,
  fairshare,  // the production engine
  stages      // the production engine behind the production stages of the request path
};
[[nodiscard]] std::string_view name_of(Rule rule);

[[nodiscard]] std::unique_ptr<Scheduler> make_scheduler(Rule rule, const fairshare::AdmissionLimits& limits);

}  // namespace obleth::sim
