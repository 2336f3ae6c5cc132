// Stage 7, await turn: the fairshare engine decides when. The only maker of an Admitted. Connection's thread.
#pragma once

#include "gateway/admission_desk.hpp"
#include "gateway/refuse.hpp"
#include "gateway/request_states.hpp"
#include "gateway/switched_off.hpp"

namespace obleth::gateway {

struct TurnSources {
  AdmissionDesk& desk;
  SwitchOffSources switches;  // asked only by a request that has waited
};

Task<Outcome<Admitted>> await_turn(Funded&& funded, TurnSources ask);
Task<Outcome<Admitted>> await_turn(Admitted&& again, TurnSources ask) = delete;

// The engine's view of a model and of a tenant's brownouts, also for live changes of the registry.
[[nodiscard]] fairshare::ModelSettings fairshare_settings(const Model& model);
[[nodiscard]] fairshare::BrownoutSettings brownout_settings(const Tenant& tenant);

}  // namespace obleth::gateway
