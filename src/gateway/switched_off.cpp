#include "gateway/switched_off.hpp"

#include <string_view>
#include <utility>

#include "gateway/identify_tenant.hpp"
#include "gateway/resolve_model.hpp"

namespace obleth::gateway {

Task<std::optional<Refusal>> present_refusal(const Routed& request, SwitchOffSources sources) {
  const std::string_view requested = request.content ? std::string_view(request.content->fields.model) : "";
  const auto registry = sources.catalog.snapshot();
  const auto registered = registry ? registry->find(requested) : request.model;
  if (request.model && (!registered || !registered->enabled)) co_return model_not_found(requested);
  const Outcome<std::string_view> secret = presented_key(request.exchange->head().fields);
  if (!secret) co_return std::nullopt;
  const ports::KeyLookup found = co_await sources.keys.find(*secret);
  if (found.outcome == ports::KeyOutcome::unknown) co_return no_api_key("The API key is not valid any more.");
  if (found.outcome == ports::KeyOutcome::unavailable) co_return std::nullopt;
  std::optional<Refusal> closed = closed_to(*found.resolved, request.loop->wall_now());
  if (closed) co_return closed;
  if (!may_use_model(*found.resolved, requested, registered.get())) co_return model_not_found(requested);
  co_return std::nullopt;
}

Task<Refusal> switch_off_refusal(const Routed& request, SwitchOffSources sources) {
  std::optional<Refusal> refusal = co_await present_refusal(request, sources);
  if (refusal) co_return std::move(*refusal);
  co_return forbidden("key_disabled", "This key or tenant was switched off while the request waited.");
}

}  // namespace obleth::gateway
