#include "core/fairshare/gpu_clock.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>

#include "core/fairshare/admission_rig.hpp"

namespace obleth::fairshare {
namespace {

constexpr std::uint64_t models = 3;

// What was told of every request that is over, by model.
struct Told {
  Duration gpu_time{0};
  std::int64_t gpu_ms = 0;
};

void set_gpus(Rig& rig, std::uint64_t model, std::uint32_t gpus) {
  rig.step(SetModel{.model = id_of<ModelId>(model), .settings = {.gpus = gpus}});
}

Duration busy(const Rig& rig, std::uint64_t model) {
  for (const ModelShare& share : rig.engine.snapshot(rig.now).models) {
    if (share.model == id_of<ModelId>(model)) return share.busy_gpu_time;
  }
  return Duration{0};
}

// Random requests of random lengths on models whose GPUs change while they work.
class GpuWorld {
 public:
  explicit GpuWorld(std::uint32_t seed) : random_(seed) {
    for (std::uint64_t model = 1; model <= models; ++model)
      set_gpus(rig, model, static_cast<std::uint32_t>(model));
  }

  void run(int events) {
    for (int event = 0; event < events; ++event) {
      rig.pass(Duration(below(7'000'001)));
      if (below(50) == 0) set_gpus(rig, 1 + below(models), static_cast<std::uint32_t>(1 + below(8)));
      if (running_.empty() || below(2) == 0) {
        begin();
      } else {
        end(below(running_.size()));
      }
    }
  }
  void end_all() {
    while (!running_.empty()) {
      rig.pass(Duration(1 + below(1000)));
      end(below(running_.size()));
    }
  }
  [[nodiscard]] const Told& told(std::uint64_t model) const { return told_.at(model); }

  Rig rig{{.capacity = 12, .tenant_queue_max = 1000, .pool_queue_max = 1000}};

 private:
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  void begin() {
    const std::uint64_t model = 1 + below(models);
    const Actions& actions = rig.step(Rig::request(++waiter_, 1 + below(4), 1, model));
    model_of_[waiter_] = model;
    note_grants(actions);
  }
  void end(std::size_t at) {
    const std::uint64_t waiter = running_[at];
    running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(at));
    // Some never reached the upstream; they held their share of the model all the same.
    const bool reached = below(10) != 0;
    const Actions& actions = rig.step(Finish{.ticket = rig.tickets.at(waiter), .reached_upstream = reached});
    const Settled& settled = actions.settled.at(0);
    Told& told = told_.at(model_of_.at(waiter));
    told.gpu_time += settled.gpu_time;
    told.gpu_ms += settled.gpu_ms;
    note_grants(actions);
  }
  void note_grants(const Actions& actions) {
    for (const Granted& granted : actions.granted)
      running_.push_back(granted.waiter);
  }

  std::mt19937 random_;
  std::uint64_t waiter_ = 0;
  std::vector<std::uint64_t> running_;
  std::map<std::uint64_t, std::uint64_t> model_of_;
  std::array<Told, models + 1> told_{};
};

TEST(GpuTime, OfAllRequestsOfAModelAddsUpToItsBusyTimeExactly) {
  for (std::uint32_t seed = 1; seed <= 40; ++seed) {
    GpuWorld world(seed);
    for (int round = 0; round < 4; ++round) {
      world.run(300);
      world.end_all();
      for (std::uint64_t model = 1; model <= models; ++model) {
        EXPECT_EQ(world.told(model).gpu_time, busy(world.rig, model)) << "seed " << seed << " model " << model;
        EXPECT_EQ(world.told(model).gpu_ms, whole_ms(busy(world.rig, model))) << "seed " << seed;
      }
    }
  }
}

TEST(GpuTime, IsSharedByThoseWhoRunAtTheSameTimeAndCountsEveryGpu) {
  Rig rig({.capacity = 4});
  set_gpus(rig, 1, 8);
  rig.step(Rig::request(1, 1));
  rig.pass(std::chrono::seconds(1));
  rig.step(Rig::request(2, 2));
  rig.pass(std::chrono::seconds(1));
  EXPECT_EQ(rig.finish(1).settled.at(0).gpu_ms, 12'000) << "one second alone, half of the next, on eight GPUs";
  EXPECT_EQ(rig.finish(2).settled.at(0).gpu_ms, 4'000);
}

TEST(GpuTime, DoesNotPassWhileNothingRuns) {
  Rig rig({.capacity = 4});
  rig.step(Rig::request(1, 1));
  rig.pass(std::chrono::seconds(1));
  rig.finish(1);
  rig.pass(std::chrono::hours(1));
  rig.step(Rig::request(2, 1));
  EXPECT_EQ(rig.finish(2).settled.at(0).gpu_ms, 0);
  EXPECT_EQ(busy(rig, 1), std::chrono::seconds(1));
}

}  // namespace
}  // namespace obleth::fairshare
