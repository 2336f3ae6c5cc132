// Random sequences of events: after each of them the engine must agree with the plain rules and keep every promise.
//
// OBLETH_TEST_SEED and OBLETH_TEST_EVENTS repeat or lengthen a run.
#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>

#include "core/fairshare/event_world.hpp"

namespace obleth::fairshare {
namespace {

struct Failure {
  std::size_t at = 0;
  std::string what;
};

std::optional<Failure> run(const std::vector<Operation>& operations, Algorithm algorithm) {
  EventWorld world(algorithm);
  for (std::size_t at = 0; at < operations.size(); ++at) {
    if (auto wrong = world.apply(operations[at]); !wrong.empty()) return Failure{at, wrong};
  }
  return std::nullopt;
}

// Leaves out whatever is not needed for a failure, in ever smaller pieces.
std::vector<Operation> shortened(std::vector<Operation> operations, Algorithm algorithm) {
  for (std::size_t piece = operations.size() / 2; piece > 0; piece /= 2) {
    for (std::size_t at = 0; at + piece <= operations.size();) {
      std::vector<Operation> fewer = operations;
      const auto from = fewer.begin() + static_cast<std::ptrdiff_t>(at);
      fewer.erase(from, from + static_cast<std::ptrdiff_t>(piece));
      const auto failure = run(fewer, algorithm);
      if (failure) {
        fewer.resize(failure->at + 1);
        operations = std::move(fewer);
      } else {
        at += piece;
      }
    }
  }
  return operations;
}

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

void expect_agreement(Algorithm algorithm) {
  constexpr std::size_t events_per_world = 5'000;
  const std::uint64_t seed = setting("OBLETH_TEST_SEED", 1);
  const std::uint64_t worlds = (setting("OBLETH_TEST_EVENTS", 100'000) + events_per_world - 1) / events_per_world;
  for (std::uint64_t world = 0; world < worlds; ++world) {
    const auto operations = random_operations(seed + world, events_per_world);
    const auto failure = run(operations, algorithm);
    if (!failure) continue;
    const auto least =
        shortened({operations.begin(), operations.begin() + static_cast<std::ptrdiff_t>(failure->at + 1)}, algorithm);
    std::ostringstream report;
    for (const Operation& operation : least) {
      report << "  {" << operation.kind << ", " << operation.a << "u, " << operation.b << "u, " << operation.c
             << "u},\n";
    }
    FAIL() << run(least, algorithm)->what << "\nseed " << seed + world << ", shortened to\n" << report.str();
  }
}

TEST(AdmissionProperty, HierarchicalTurnsAgreeWithThePlainRules) {
  expect_agreement(Algorithm::hierarchical);
}

TEST(AdmissionProperty, WeightedTurnsAgreeWithThePlainRules) {
  expect_agreement(Algorithm::weighted);
}

// The plain rules never forget a node, and the engine does: its turns are theirs all the same.
TEST(AdmissionProperty, WorldsAreLongEnoughForTenantsToBeForgotten) {
  std::uint64_t forgotten = 0;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    EventWorld world(Algorithm::hierarchical);
    for (const Operation& operation : random_operations(seed, 5'000))
      ASSERT_EQ(world.apply(operation), "");
    forgotten += world.forgotten();
  }
  EXPECT_GT(forgotten, 8U);
}

template <class Id>
Id renamed(Id id) {
  if (id.is_nil()) return id;
  return Id{Bits128{.high = id.bits.low * 0x9E3779B97F4A7C15ULL, .low = ~id.bits.high}};
}

struct Renaming {
  Event operator()(Arrive event) const {
    event.group = renamed(event.group);
    event.tenant = renamed(event.tenant);
    event.key = renamed(event.key);
    event.model = renamed(event.model);
    return event;
  }
  Event operator()(SetModel event) const {
    event.model = renamed(event.model);
    return event;
  }
  Event operator()(SetEligible event) const {
    event.model = renamed(event.model);
    return event;
  }
  Event operator()(ForgetModel event) const {
    event.model = renamed(event.model);
    return event;
  }
  Event operator()(SetGroup event) const {
    event.group = renamed(event.group);
    return event;
  }
  Event operator()(SetTenant event) const {
    event.tenant = renamed(event.tenant);
    event.group = renamed(event.group);
    return event;
  }
  Event operator()(SetKey event) const {
    event.key = renamed(event.key);
    event.tenant = renamed(event.tenant);
    return event;
  }
  Event operator()(const auto& event) const { return event; }
};

TEST(AdmissionProperty, RenamingEverybodyPermutesTheSchedule) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    EventWorld world(Algorithm::hierarchical);
    world.keep_history();
    for (const Operation& operation : random_operations(seed, 3'000))
      ASSERT_EQ(world.apply(operation), "");
    Rig other(EventWorld::limits(Algorithm::hierarchical));
    for (const auto& [at, event] : world.rig().history) {
      other.now = at;
      other.step(std::visit(Renaming{}, event));
    }
    EXPECT_EQ(other.turns, world.rig().turns);
  }
}

}  // namespace
}  // namespace obleth::fairshare
