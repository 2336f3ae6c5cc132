#include "gateway/request_states.hpp"

#include <gtest/gtest.h>

#include "gateway/await_turn.hpp"
#include "gateway/identify_tenant.hpp"
#include "gateway/price_request.hpp"
#include "gateway/recall_response.hpp"
#include "gateway/reserve_budget.hpp"
#include "gateway/resolve_model.hpp"
#include "gateway/soften_request.hpp"

namespace obleth::gateway {
namespace {

template <class State>
concept MayBeIdentified = requires(State state, KeySources ask) { identify_tenant(std::move(state), ask); };
template <class State>
concept MayBeRouted = requires(State state, ModelSources ask) { resolve_model(std::move(state), ask); };
template <class State>
concept MayBeRecalled = requires(State state, const ResponseMemory& ask) { note_question(std::move(state), ask); };
template <class State>
concept MayBePriced = requires(State state, Estimates& ask) { price_request(std::move(state), ask); };
template <class State>
concept MayBeFunded = requires(State state, HeldBudgets& held) { reserve_budget(std::move(state), held); };
template <class State>
concept MayBeAdmitted = requires(State state, TurnSources ask) { await_turn(std::move(state), ask); };
template <class State>
concept MayBeSoftened = requires(State state) { soften_request(std::move(state)); };

TEST(RequestStates, EachStageTakesWhatTheOneBeforeItMade) {
  EXPECT_TRUE(MayBeIdentified<Received>);
  EXPECT_TRUE(MayBeRouted<Identified>);
  EXPECT_TRUE(MayBeRecalled<Routed>);
  EXPECT_TRUE(MayBePriced<Recalled>);
  EXPECT_TRUE(MayBeFunded<Priced>);
  EXPECT_TRUE(MayBeAdmitted<Funded>);
  EXPECT_TRUE(MayBeSoftened<Admitted>);
}

TEST(RequestStates, NoStageIsLeftOut) {
  EXPECT_FALSE(MayBeRouted<Received>);
  EXPECT_FALSE(MayBeRecalled<Identified>);
  EXPECT_FALSE(MayBePriced<Routed>);
  EXPECT_FALSE(MayBeFunded<Recalled>);
  EXPECT_FALSE(MayBeAdmitted<Priced>);
  EXPECT_FALSE(MayBeSoftened<Funded>);
}

TEST(RequestStates, NoStageTakesBackWhatHasPassedIt) {
  EXPECT_FALSE(MayBeIdentified<Identified> || MayBeIdentified<Softened>);
  EXPECT_FALSE(MayBeRouted<Routed> || MayBeRouted<Softened>);
  EXPECT_FALSE(MayBeRecalled<Recalled> || MayBeRecalled<Softened>);
  EXPECT_FALSE(MayBePriced<Priced> || MayBePriced<Funded> || MayBePriced<Softened>);
  EXPECT_FALSE(MayBeFunded<Funded> || MayBeFunded<Admitted> || MayBeFunded<Softened>);
  EXPECT_FALSE(MayBeAdmitted<Admitted> || MayBeAdmitted<Softened>);
  EXPECT_FALSE(MayBeSoftened<Softened>);
}

}  // namespace
}  // namespace obleth::gateway
