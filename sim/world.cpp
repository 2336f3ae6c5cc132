#include "sim/world.hpp"

#include <algorithm>
#include <cmath>

#include "sim/ids.hpp"
#include "sim/invariants/no_idle_slot.hpp"

namespace obleth::sim {

namespace {

// One request after another, so that the empty pool is not given to whoever is asked first.
constexpr double client_after_s = 0.05;
constexpr double asks_again_after_refusal_s = 1;
constexpr double rare_share = 0.1;

double draw(std::mt19937_64& random, const Spread& spread) {
  std::lognormal_distribution<double> tokens(std::log(spread.median), spread.sigma);
  return std::clamp(std::floor(tokens(random)), 1.0, spread.max);
}

double draw_pause(std::mt19937_64& random, double mean_s) {
  return mean_s > 0 ? std::exponential_distribution<double>(1 / mean_s)(random) : 0;
}

double draw_share(std::mt19937_64& random) {
  return std::uniform_real_distribution<double>(0, 1)(random);
}

Duration seconds_of(double seconds) {
  return Duration(static_cast<std::int64_t>(seconds * 1e9));
}

}  // namespace

World::World(const WorldSettings& settings)
    : settings_(settings),
      scheduler_(make_scheduler(settings.rule, {.capacity = settings.slots,
                                                .tenant_queue_max = 100'000,
                                                .pool_queue_max = 1'000'000,
                                                .admission_timeout = seconds_of(settings.timeout_s),
                                                .brownout_wait = seconds_of(settings.brownout_wait_s)})) {
  servers_[1] = {};
}

std::size_t World::add(const Load& load) {
  tenants_.push_back({.load = load, .random = std::mt19937_64(settings_.seed * 1'000 + load.tenant)});
  Tenant& tenant = tenants_.back();
  for (std::uint32_t client = 0; load.per_second == 0 && client < load.clients; ++client) {
    tenant.idle.push_back(load.from_s + client * client_after_s);
  }
  if (load.per_second > 0) tenant.next_arrival_s = load.from_s + draw_pause(tenant.random, 1 / load.per_second);
  tenant.changes_s = load.from_s + draw_pause(tenant.random, load.busy_s);
  return tenants_.size() - 1;
}

void World::add_model(std::uint64_t model, std::optional<std::uint32_t> max_in_flight) {
  servers_[model] = {.max_in_flight = max_in_flight};
  step(fairshare::SetModel{.model = id_of<ModelId>(model), .settings = {.max_in_flight = max_in_flight}});
}

void World::set_weight(std::size_t place, std::uint32_t weight) {
  Load& load = tenants_[place].load;
  load.weight = weight;
  step(fairshare::SetTenant{.tenant = id_of<TenantId>(load.tenant),
                            .group = id_of<GroupId>(load.group),
                            .settings = {.weight = weight},
                            .brownout = {.policy = load.brownout}});
}

void World::set_up(std::uint64_t model, bool up) {
  ModelServer& server = servers_[model];
  server.up = up;
  step(fairshare::SetEligible{.model = id_of<ModelId>(model), .eligible = up});
  const std::vector<std::uint32_t> all = running_;
  for (const std::uint32_t index : all) {
    if (!up && requests_[index].model == model) end(index, false);
  }
}

void World::set_capacity(std::uint32_t slots) {
  settings_.slots = slots;
  step(fairshare::SetCapacity{.slots = slots});
}

void World::run_until(double end_s) {
  while (now_s() < end_s) {
    submit();
    produce();
    ++steps_;
    now_ = now_ + seconds_of(step_s);
    if (scheduler_->next_wakeup() <= now_) step(fairshare::Tick{});
    constexpr std::uint64_t steps_a_second = 50;
    if (steps_ % steps_a_second == 0) {
      leave_queue();
      for (Tenant& tenant : tenants_)
        tenant.history.push_back(tenant.work);
    }
    for (const auto& watcher : watchers_)
      watcher();
  }
}

void World::report_broken(std::string_view what) {
  if (broken_.empty()) broken_ = std::string(what) + " at " + std::to_string(now_s()) + " s";
}

void World::step(const Event& event) {
  scheduler_->step(event, now_, actions_);
  take_actions();
  if (const auto wrong = no_idle_slot(*this); !wrong.empty()) report_broken(wrong);
}

void World::take_actions() {
  for (const fairshare::Queued& queued : actions_.queued) {
    Request& request = requests_[queued.waiter];
    request.ticket = queued.ticket;
    request.predicted_s = static_cast<double>(queued.predicted_wait.count()) / 1e9;
  }
  for (const fairshare::Granted& granted : actions_.granted)
    take_grant(granted);
  for (const fairshare::Refused& refused : actions_.refused)
    take_refusal(refused);
  for (const fairshare::Settled& settled : actions_.settled)
    settled_cost_ += settled.cost.value;
  actions_.clear();
}

// ---- clients ----------------------------------------------------------------------------------------------------

// In turn, so that nobody's requests always come first.
void World::submit() {
  for (std::size_t i = 0; i < tenants_.size(); ++i)
    submit_of((i + steps_) % tenants_.size());
}

void World::submit_of(std::size_t place) {
  Tenant& tenant = tenants_[place];
  const Load& load = tenant.load;
  if (now_s() < load.from_s || now_s() >= load.until_s) return;
  while (load.busy_s > 0 && now_s() >= tenant.changes_s) {
    tenant.active = !tenant.active;
    tenant.changes_s += draw_pause(tenant.random, tenant.active ? load.busy_s : load.silent_s);
  }
  if (!tenant.active) return;
  for (; load.per_second > 0 && now_s() >= tenant.next_arrival_s;
       tenant.next_arrival_s += draw_pause(tenant.random, 1 / load.per_second)) {
    ask(place);
  }
  for (std::size_t at = 0; at < tenants_[place].idle.size();) {
    std::vector<double>& idle = tenants_[place].idle;
    if (idle[at] > now_s()) {
      ++at;
      continue;
    }
    idle[at] = idle.back();
    idle.pop_back();
    ask(place);
  }
}

void World::ask(std::size_t place) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(requests_.size()));
    requests_.emplace_back();
  }
  const std::uint32_t index = free_.back();
  free_.pop_back();
  Tenant& tenant = tenants_[place];
  const Load& load = tenant.load;
  const bool other_phase = load.other_output && static_cast<std::int64_t>(now_s() / 60) % 2 == 1;
  Request& request = requests_[index];
  request = {.state = Request::State::waiting, .tenant = static_cast<std::uint32_t>(place), .asked_s = now_s()};
  request.model = load.models[tenant.asked % load.models.size()];
  request.prompt = draw(tenant.random, load.prompt);
  request.told_prompt = load.told_prompt > 0 ? load.told_prompt : request.prompt;
  const bool rare = load.rare_output && draw_share(tenant.random) < rare_share;
  request.output = draw(tenant.random, rare ? *load.rare_output : other_phase ? *load.other_output : load.output);
  request.cap = load.declared > 0 ? load.declared : static_cast<std::int64_t>(load.output.max);
  if (load.leaves_after_tokens > 0) request.leaves_at = load.leaves_after_tokens;
  if (load.leaves_share > 0 && draw_share(tenant.random) < load.leaves_share) {
    request.leaves_at = std::floor(request.output * draw_share(tenant.random));
  }
  if (load.patience_s > 0) request.leaves_queue_s = now_s() + draw_pause(tenant.random, load.patience_s);
  ++tenant.waiting;
  ++tenant.asked;
  step(arrival_of(request, index));
}

fairshare::Arrive World::arrival_of(const Request& request, std::uint64_t waiter) const {
  const Tenant& tenant = tenants_[request.tenant];
  const Load& load = tenant.load;
  return {.waiter = waiter,
          .group = id_of<GroupId>(load.group),
          .tenant = id_of<TenantId>(load.tenant),
          .key = id_of<KeyId>(load.tenant * 100 + tenant.asked % load.keys),
          .model = id_of<ModelId>(request.model),
          .group_settings = {.weight = load.group_weight},
          .tenant_settings = {.weight = load.weight, .max_in_flight = load.max_in_flight},
          .brownout = {.policy = load.brownout},
          .prompt_tokens = static_cast<std::int64_t>(request.told_prompt),
          .requested_cap = request.cap};
}

void World::leave_queue() {
  for (std::uint32_t index = 0; index < requests_.size(); ++index) {
    const Request& request = requests_[index];
    if (request.state != Request::State::waiting || now_s() < request.leaves_queue_s) continue;
    Tenant& tenant = tenants_[request.tenant];
    --tenant.waiting;
    ++tenant.left;
    if (tenant.load.per_second == 0) tenant.idle.push_back(now_s() + asks_again_after_refusal_s);
    const fairshare::Ticket ticket = request.ticket;
    give_back(index);
    step(fairshare::Withdraw{ticket});
  }
}

void World::take_grant(const fairshare::Granted& granted) {
  const auto index = static_cast<std::uint32_t>(granted.waiter);
  Request& request = requests_[index];
  Tenant& tenant = tenants_[request.tenant];
  request.state = Request::State::running;
  request.ticket = granted.ticket;
  request.told_s = now_s();
  if (granted.output_cap) {
    request.output = std::min(request.output, static_cast<double>(*granted.output_cap));
    ++tenant.softened;
  }
  --tenant.waiting;
  tenant.most_in_flight = std::max(tenant.most_in_flight, ++tenant.in_flight);
  tenant.waits.push_back({.asked_s = request.asked_s,
                          .waited_s = now_s() - request.asked_s,
                          .predicted_s = request.predicted_s,
                          .softened = granted.output_cap.has_value()});
  ++servers_[request.model].running;
  running_.push_back(index);
}

void World::take_refusal(const fairshare::Refused& refused) {
  const auto index = static_cast<std::uint32_t>(refused.waiter);
  Tenant& tenant = tenants_[requests_[index].tenant];
  --tenant.waiting;
  ++tenant.refused;
  if (tenant.load.per_second == 0) tenant.idle.push_back(now_s() + asks_again_after_refusal_s);
  give_back(index);
}

// ---- servers ----------------------------------------------------------------------------------------------------

void World::produce() {
  for (auto& [model, server] : servers_)
    server.prefilling = 0;
  for (const std::uint32_t index : running_) {
    const Request& request = requests_[index];
    if (request.prefilled < request.prompt) ++servers_[request.model].prefilling;
  }
  for (const std::uint32_t index : running_)
    produce(requests_[index], servers_[requests_[index].model]);
  for (std::size_t at = running_.size(); at-- > 0;) {
    if (at < running_.size()) tell_or_end(running_[at]);
  }
}

void World::produce(Request& request, const ModelServer& server) {
  constexpr double prefill_per_second = 10'000;
  constexpr double decode_s = 0.012;
  constexpr double decode_s_per_neighbour = 0.0004;
  Tenant& tenant = tenants_[request.tenant];
  tenant.slot_seconds += step_s;
  if (!server.up) return;
  if (request.prefilled < request.prompt) {
    const double done = std::min(prefill_per_second * step_s / server.prefilling, request.prompt - request.prefilled);
    request.prefilled += done;
    tenant.work += done;
    return;
  }
  const double rate = 1 / (decode_s + decode_s_per_neighbour * (server.running - server.prefilling));
  const double made = std::min(rate * step_s, request.output - request.produced);
  request.produced += made;
  tenant.work += 4 * made;
  const double reads = tenant.load.reads_per_second;
  request.read = reads > 0 ? std::min(request.produced, request.read + reads * step_s) : request.produced;
}

void World::tell_or_end(std::uint32_t index) {
  Request& request = requests_[index];
  if (request.prefilled < request.prompt) return;
  if (request.read >= std::min(request.output, request.leaves_at)) {
    end(index, request.read >= request.output);
    return;
  }
  // As the relay does: every 32 tokens, or every 100 ms.
  const auto output = static_cast<std::int64_t>(request.produced);
  const bool due = output >= request.told + 32 || (output > request.told && now_s() - request.told_s >= 0.1);
  if (!due || !tenants_[request.tenant].load.streams) return;
  request.told = output;
  request.told_s = now_s();
  step(fairshare::Progress{.ticket = request.ticket, .output_tokens = output});
}

// What a client that hung up, or a server that broke off, has produced is told as usage by the gateway's own count.
void World::end(std::uint32_t index, bool complete) {
  Request& request = requests_[index];
  Tenant& tenant = tenants_[request.tenant];
  const auto prompt = static_cast<std::int64_t>(request.prompt);
  const auto output = static_cast<std::int64_t>(request.produced);
  std::erase(running_, index);
  --servers_[request.model].running;
  --tenant.in_flight;
  ++(complete ? tenant.finished : tenant.left);
  tenant.output_tokens += complete ? request.produced : 0;
  largest_request_ = std::max(largest_request_, request.prompt + 4 * request.produced);
  if (tenant.load.per_second == 0) tenant.idle.push_back(now_s() + draw_pause(tenant.random, tenant.load.think_s));
  const fairshare::Ticket ticket = request.ticket;
  give_back(index);
  step(fairshare::Finish{
      .ticket = ticket, .learn = complete, .usage = TokenUsage{.prompt = {prompt}, .output = {output}}});
}

void World::give_back(std::uint32_t index) {
  requests_[index].state = Request::State::free;
  free_.push_back(index);
}

}  // namespace obleth::sim
