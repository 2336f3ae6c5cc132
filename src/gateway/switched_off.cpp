#include "gateway/switched_off.hpp"

#include <utility>

#include "gateway/identify_tenant.hpp"

namespace obleth::gateway {
namespace {

// With what the former one tells of the wait.
Refusal in_place_of(const Refusal& former, Refusal told) {
  told.extra_headers += former.extra_headers;
  return told;
}

}  // namespace

Task<Refusal> tell_switch_off(Refusal refusal, const ports::ClientExchange& exchange,
                              std::shared_ptr<const Model> model, SwitchOffSources sources) {
  if (model) {
    const auto registry = sources.catalog.snapshot();
    const auto registered = registry ? registry->find(model->model_name) : nullptr;
    if (registry && (!registered || !registered->enabled)) {
      co_return in_place_of(refusal, model_not_found(model->model_name));
    }
  }
  const Outcome<std::string_view> secret = presented_key(exchange.head().fields);
  if (!secret) co_return refusal;
  const ports::KeyLookup found = co_await sources.keys.find(*secret);
  if (found.outcome == ports::KeyOutcome::unknown) {
    co_return in_place_of(refusal, no_api_key("The API key is not valid any more."));
  }
  if (found.outcome == ports::KeyOutcome::unavailable) co_return refusal;
  std::optional<Refusal> closed = closed_to(*found.resolved, sources.loop.wall_now());
  if (!closed) co_return refusal;
  co_return in_place_of(refusal, std::move(*closed));
}

}  // namespace obleth::gateway
