// The world of a simulation: clients before a scheduler, inference servers behind it, and time, all in one thread.
//
// Time goes in steps of 20 ms. A server works on the prompts it was given at a rate they share, then decodes at a rate
// that falls with the batch, so throughput is not a constant that a scheduler could lean on. Every draw comes from the
// seed, with a generator for each tenant, so that one tenant's behaviour does not change another's requests.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "sim/load.hpp"
#include "sim/scheduler.hpp"

namespace obleth::sim {

inline constexpr double step_s = 0.02;

struct WorldSettings {
  Rule rule = Rule::fairshare;
  std::uint64_t seed = 1;
  std::uint32_t slots = 64;
  double timeout_s = 7'200;  // so long that what is measured is the order alone
  double brownout_wait_s = 5;
};

// A client's request, from the moment it is asked to its end.
struct Request {
  enum class State : std::uint8_t { free, waiting, running };
  State state = State::free;
  std::uint32_t tenant = 0;  // place among the loads
  std::uint64_t model = 1;
  fairshare::Ticket ticket;
  double asked_s = 0;
  double predicted_s = -1;  // of the wait, told at arrival; negative: nothing was
  double prompt = 0;
  double told_prompt = 0;  // on arrival
  double output = 0;
  double leaves_at = 1e18;  // tokens of output after which the client hangs up
  double leaves_queue_s = 1e18;
  double prefilled = 0;
  double produced = 0;
  double read = 0;
  std::int64_t cap = 0;
  std::int64_t told = 0;
  double told_s = 0;
};

struct Wait {
  double asked_s = 0;
  double waited_s = 0;
  double predicted_s = -1;
  bool softened = false;
};

// What is known of one tenant: what it does, and what it got.
struct Tenant {
  Load load;
  std::mt19937_64 random;
  std::vector<double> idle;  // clients without a request, by when they ask again
  double next_arrival_s = 0;
  double changes_s = 0;  // between activity and silence
  bool active = true;
  double work = 0;              // produced: prompt tokens once, output tokens four times
  std::vector<double> history;  // work at each whole second
  double slot_seconds = 0;
  std::vector<Wait> waits;
  std::uint32_t waiting = 0;
  std::uint32_t in_flight = 0;
  std::uint32_t most_in_flight = 0;
  std::uint64_t asked = 0;
  std::uint64_t finished = 0;
  std::uint64_t left = 0;
  std::uint64_t refused = 0;
  std::uint64_t softened = 0;
  double output_tokens = 0;  // of finished answers
};

struct ModelServer {
  std::optional<std::uint32_t> max_in_flight;
  bool up = true;
  std::uint32_t running = 0;
  std::uint32_t prefilling = 0;
};

class World {
 public:
  explicit World(const WorldSettings& settings);

  std::size_t add(const Load& load);  // the tenant's place
  void add_model(std::uint64_t model, std::optional<std::uint32_t> max_in_flight);
  void set_weight(std::size_t tenant, std::uint32_t weight);
  // A server that goes down resets what runs on it, and is silent until it is up again.
  void set_up(std::uint64_t model, bool up);
  void set_capacity(std::uint32_t slots);
  // Called after every step of time.
  void watch(std::function<void()> watcher) { watchers_.push_back(std::move(watcher)); }
  void run_until(double end_s);

  [[nodiscard]] const std::vector<Tenant>& tenants() const { return tenants_; }
  [[nodiscard]] const Tenant& tenant(std::size_t place) const { return tenants_[place]; }
  [[nodiscard]] const std::vector<Request>& requests() const { return requests_; }
  [[nodiscard]] const std::map<std::uint64_t, ModelServer>& servers() const { return servers_; }
  [[nodiscard]] const Scheduler& scheduler() const { return *scheduler_; }
  [[nodiscard]] const WorldSettings& settings() const { return settings_; }
  [[nodiscard]] double now_s() const { return static_cast<double>(steps_) * step_s; }
  [[nodiscard]] Instant now() const { return now_; }
  [[nodiscard]] double largest_request() const { return largest_request_; }
  [[nodiscard]] std::int64_t settled_cost() const { return settled_cost_; }
  // The first promise that was broken, and when; empty while all hold.
  [[nodiscard]] const std::string& broken() const { return broken_; }
  void report_broken(std::string_view what);

 private:
  void step(const Event& event);
  void take_actions();
  void submit();
  void submit_of(std::size_t place);
  void ask(std::size_t place);
  void leave_queue();
  void take_grant(const fairshare::Granted& granted);
  void take_refusal(const fairshare::Refused& refused);
  void produce();
  void produce(Request& request, const ModelServer& server);
  void tell_or_end(std::uint32_t index);
  void end(std::uint32_t index, bool complete);
  void give_back(std::uint32_t index);
  void check_slots();
  [[nodiscard]] fairshare::Arrive arrival_of(const Request& request, std::uint64_t waiter) const;

  WorldSettings settings_;
  std::unique_ptr<Scheduler> scheduler_;
  std::vector<Tenant> tenants_;
  std::map<std::uint64_t, ModelServer> servers_;
  std::vector<Request> requests_;
  std::vector<std::uint32_t> free_;
  std::vector<std::uint32_t> running_;
  std::vector<std::function<void()>> watchers_;
  Actions actions_;
  Instant now_;
  std::uint64_t steps_ = 0;
  double largest_request_ = 0;
  std::int64_t settled_cost_ = 0;
  std::string broken_;
};

}  // namespace obleth::sim
