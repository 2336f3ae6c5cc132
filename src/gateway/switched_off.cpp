#include "gateway/switched_off.hpp"

#include <utility>

#include "gateway/identify_tenant.hpp"

namespace obleth::gateway {

Task<Refusal> switch_off_refusal(const Routed& request, SwitchOffSources sources) {
  if (request.model) {
    const auto registry = sources.catalog.snapshot();
    const auto registered = registry ? registry->find(request.model->model_name) : nullptr;
    if (registry && (!registered || !registered->enabled)) co_return model_not_found(request.model->model_name);
  }
  Refusal unknown = forbidden("key_disabled", "This key or tenant was switched off while the request waited.");
  const Outcome<std::string_view> secret = presented_key(request.exchange->head().fields);
  if (!secret) co_return unknown;
  const ports::KeyLookup found = co_await sources.keys.find(*secret);
  if (found.outcome == ports::KeyOutcome::unknown) co_return no_api_key("The API key is not valid any more.");
  if (found.outcome == ports::KeyOutcome::unavailable) co_return unknown;
  co_return closed_to(*found.resolved, request.loop->wall_now()).value_or(std::move(unknown));
}

}  // namespace obleth::gateway
