#include "gateway/switched_off.hpp"

#include <string_view>
#include <utility>

#include "gateway/identify_tenant.hpp"
#include "gateway/resolve_model.hpp"

namespace obleth::gateway {

namespace {

std::string_view requested_model(const Routed& request) {
  return request.content ? std::string_view(request.content->fields.model) : "";
}

}  // namespace

Outcome<std::shared_ptr<const Model>> present_model(const Routed& request, const ports::ModelCatalog& catalog) {
  const auto registry = catalog.snapshot();
  if (!request.model || !registry) return request.model;
  std::shared_ptr<const Model> present = registry->find(request.model->id);
  if (!present || !present->enabled) return refuse(model_not_found(requested_model(request)));
  return present;
}

Task<Outcome<std::shared_ptr<const Model>>> present_turn(const Routed& request, SwitchOffSources sources) {
  const std::string_view requested = requested_model(request);
  const auto registry = sources.catalog.snapshot();
  const auto named = registry ? registry->find(requested) : request.model;
  if (request.model && (!named || !named->enabled)) co_return refuse(model_not_found(requested));
  Outcome<std::shared_ptr<const Model>> model = present_model(request, sources.catalog);
  if (!model) co_return model;
  const Outcome<std::string_view> secret = presented_key(request.exchange->head().fields);
  if (!secret) co_return model;
  const ports::KeyLookup found = co_await sources.keys.find(*secret);
  if (found.outcome == ports::KeyOutcome::unknown) co_return refuse(no_api_key("The API key is not valid any more."));
  if (found.outcome == ports::KeyOutcome::unavailable) co_return model;
  std::optional<Refusal> closed = closed_to(*found.resolved, request.loop->wall_now());
  if (closed) co_return refuse(std::move(*closed));
  if (!may_use_model(*found.resolved, requested, named.get())) co_return refuse(model_not_found(requested));
  co_return model;
}

Task<Refusal> switch_off_refusal(const Routed& request, SwitchOffSources sources) {
  Outcome<std::shared_ptr<const Model>> present = co_await present_turn(request, sources);
  if (!present) co_return std::move(present.error());
  co_return forbidden("key_disabled", "This key or tenant was switched off while the request waited.");
}

}  // namespace obleth::gateway
