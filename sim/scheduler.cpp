#include "sim/scheduler.hpp"

#include "sim/plain_queue.hpp"
#include "sim/stages.hpp"

namespace obleth::sim {

namespace {

class FairshareScheduler final : public Scheduler {
 public:
  explicit FairshareScheduler(const fairshare::AdmissionLimits& limits) : engine_(limits) {}
  void step(const Event& event, Instant now, Actions& actions) override { engine_.step(event, now, actions); }
  [[nodiscard]] Instant next_wakeup() const override { return engine_.next_wakeup(); }
  [[nodiscard]] std::uint32_t in_flight() const override { return engine_.in_flight(); }
  [[nodiscard]] std::uint32_t queued() const override { return engine_.queued(); }
  [[nodiscard]] const fairshare::Admission* engine() const override { return &engine_; }

 private:
  fairshare::Admission engine_;
};

}  // namespace

std::string_view name_of(Rule rule) {
  switch (rule) {
    case Rule::first_come:
      return "FIFO";
    case Rule::round_robin:
      return "round robin";
    case Rule::least_served:
      return "least served/weight";
    case Rule::fairshare:
      return "fairshare";
    case Rule::stages:
      return "fairshare, all stages";
  }
  return {};
}

std::unique_ptr<Scheduler> make_scheduler(Rule rule, const fairshare::AdmissionLimits& limits) {
  if (rule == Rule::fairshare) return std::make_unique<FairshareScheduler>(limits);
  if (rule == Rule::stages) return std::make_unique<Stages>(limits);
  return std::make_unique<PlainQueue>(rule, limits.capacity);
}

}  // namespace obleth::sim
