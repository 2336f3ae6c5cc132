// The bound that no sequence of events may break, over every window in which two tenants both have work waiting:
//
//   |W_i / w_i - W_j / w_j| <= (3 D_i + 1) C* / w_i + (3 D_j + 1) C* / w_j
//
// W: work charged in the window; D: most in flight; C*: the largest cost or estimate. The estimates lie as they like,
// and what is forgiven of debt makes no exception.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "core/fairshare/admission_rig.hpp"

namespace obleth::fairshare {
namespace {

constexpr std::int64_t prompt_max = 2'000;
constexpr std::int64_t output_max = 1'000;
constexpr std::int64_t largest = (prompt_max + 4 * output_max) * 1'000;

enum class Requests : std::uint8_t {
  of_any_size,
  // Few are large, and nobody knows which until they end; everybody always has some that wait.
  mostly_small
};

// Tenants before a few slots; compared after every event.
class Contest {
 public:
  Contest(std::uint32_t seed, Requests kind)
      : kind_(kind), random_(seed), rig_({.capacity = 1 + seed % 16, .admission_timeout = std::chrono::hours(1)}) {
    rig_.step(SetModel{.model = id_of<ModelId>(1), .settings = {.costs = {.slot_second_thousandths = 0}}});
    for (Tenant& tenant : tenants_)
      tenant.weight = 1 + below(800);
  }

  // False: the bound is broken.
  [[nodiscard]] bool pass_one_event() {
    rig_.pass(std::chrono::milliseconds(below(20)));
    const std::uint32_t kind = below(10);
    const auto shortest = std::ranges::min_element(tenants_, {}, &Tenant::waiting);
    if (kind_ == Requests::mostly_small && shortest->waiting < 2) {
      arrive_of(static_cast<std::size_t>(shortest - tenants_.begin()));
    } else if (kind < 4 || running_.empty()) {
      arrive();
    } else if (kind < 8) {
      progress(running_[below(running_.size())]);
    } else {
      finish(below(running_.size()));
    }
    take_grants();
    return compare();
  }
  [[nodiscard]] std::uint64_t compared() const { return compared_; }

 private:
  static constexpr std::size_t count = 4;
  struct Tenant {
    std::int64_t weight = 1;
    std::int64_t work = 0;  // milli-tokens
    std::int64_t in_flight = 0;
    std::int64_t most_in_flight = 0;
    std::int64_t waiting = 0;
    bool comes = true;
  };
  struct Running {
    std::uint64_t waiter = 0;
    std::int64_t output = 0;
    std::int64_t charged = 0;
  };
  struct Range {
    std::int64_t least = std::numeric_limits<std::int64_t>::max();
    std::int64_t most = std::numeric_limits<std::int64_t>::min();
  };
  struct Asked {
    std::size_t tenant = 0;
    std::int64_t told_prompt = 0;  // on arrival
    std::int64_t prompt = 0;       // in the end
    std::int64_t length = 0;       // of the answer, whatever the cap promised
  };

  std::uint32_t below(std::size_t end) { return static_cast<std::uint32_t>(random_() % end); }

  void arrive() {
    const std::size_t who = below(count);
    Tenant& tenant = tenants_[who];
    if (below(50) == 0) tenant.comes = !tenant.comes;
    if (tenant.comes && tenant.waiting <= 20) arrive_of(who);
  }
  void arrive_of(std::size_t who) {
    Arrive event = Rig::request(asked_.size(), who + 1);
    event.tenant_settings.weight = static_cast<std::uint32_t>(tenants_[who].weight);
    event.brownout_exempt = true;
    Asked asked{.tenant = who};
    if (kind_ == Requests::of_any_size) {
      event.requested_cap = below(output_max + 1);
      event.prompt_tokens = asked.told_prompt = asked.prompt = below(prompt_max + 1);
      asked.length = below(output_max + 1);
    } else {
      event.requested_cap = output_max;
      event.prompt_tokens = asked.told_prompt = 1 + below(10);
      asked.prompt = below(10) < who ? prompt_max : asked.told_prompt;
      asked.length = below(10) < who ? output_max : below(10);
    }
    asked_.push_back(asked);
    ++tenants_[who].waiting;
    rig_.step(event);
  }
  void progress(Running& running) {
    const Asked& asked = asked_[running.waiter];
    running.output = std::min<std::int64_t>(running.output + below(200), asked.length);
    rig_.step(Progress{.ticket = rig_.tickets.at(running.waiter), .output_tokens = running.output});
    charge(running, (asked.told_prompt + 4 * running.output) * 1'000);
  }
  void finish(std::size_t at) {
    Running running = running_[at];
    running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(at));
    const Asked& asked = asked_[running.waiter];
    rig_.step(Finish{.ticket = rig_.tickets.at(running.waiter),
                     .usage = TokenUsage{.prompt = {asked.prompt}, .output = {asked.length}}});
    charge(running, (asked.prompt + 4 * asked.length) * 1'000);
    --tenants_[asked.tenant].in_flight;
  }
  void charge(Running& running, std::int64_t cost) {
    tenants_[asked_[running.waiter].tenant].work += cost - running.charged;
    running.charged = cost;
  }
  void take_grants() {
    for (const Granted& granted : rig_.actions.granted) {
      Tenant& tenant = tenants_[asked_[granted.waiter].tenant];
      --tenant.waiting;
      tenant.most_in_flight = std::max(tenant.most_in_flight, ++tenant.in_flight);
      running_.push_back({.waiter = granted.waiter});
    }
    rig_.actions.clear();
  }

  bool compare() {
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        Range& range = ranges_[i * count + j];
        const Tenant& one = tenants_[i];
        const Tenant& other = tenants_[j];
        if (one.waiting == 0 || other.waiting == 0) {
          range = {};
          continue;
        }
        // Times both weights, so that nothing is divided.
        const std::int64_t apart = one.work * other.weight - other.work * one.weight;
        range = {.least = std::min(range.least, apart), .most = std::max(range.most, apart)};
        const std::int64_t bound = (3 * one.most_in_flight + 1) * largest * other.weight +
                                   (3 * other.most_in_flight + 1) * largest * one.weight;
        if (range.most - range.least > bound) return false;
        ++compared_;
      }
    }
    return true;
  }

  Requests kind_;
  std::mt19937 random_;
  Rig rig_;
  std::array<Tenant, count> tenants_{};
  std::vector<Asked> asked_;
  std::vector<Running> running_;
  std::array<Range, count * count> ranges_{};
  std::uint64_t compared_ = 0;
};

void expect_bound(Requests kind, int events) {
  std::uint64_t compared = 0;
  for (std::uint32_t seed = 1; seed <= 40; ++seed) {
    Contest contest(seed, kind);
    for (int event = 0; event < events; ++event)
      ASSERT_TRUE(contest.pass_one_event()) << "seed " << seed << ", event " << event;
    compared += contest.compared();
  }
  EXPECT_GT(compared, 100'000U);
}

TEST(HardBound, HoldsOverEveryWindowWhateverTheEstimatesSay) {
  expect_bound(Requests::of_any_size, 2'500);
}

TEST(HardBound, HoldsForThoseWhoAlwaysWaitAndAreOftenUnderestimated) {
  expect_bound(Requests::mostly_small, 6'000);
}

}  // namespace
}  // namespace obleth::fairshare
