#include "gateway/price_request.hpp"

#include <algorithm>
#include <utility>

#include "core/accounting/pricing.hpp"
#include "core/accounting/token_estimate.hpp"

namespace obleth::gateway {
namespace {

// Stand in where the default upstream serves a model that nobody registered.
constexpr std::int64_t unregistered_max_tokens = 4096;
constexpr std::int64_t unregistered_media_part = 765;

// The largest cap that the client wrote, or the model's default. An answer without output is priced as one token.
std::int64_t requested_cap(const wire::RequestFields& fields, const Model* model) {
  std::int64_t cap = 0;
  for (const wire::CapField& field : fields.caps) {
    if (field.tokens) cap = std::max({cap, *field.tokens, std::int64_t{1}});
  }
  if (cap > 0) return cap;
  return model != nullptr ? model->default_max_tokens : unregistered_max_tokens;
}

}  // namespace

Priced price_request(Recalled&& recalled, Estimates& estimates) {
  Price price;
  if (recalled.route.treatment == Treatment::priced) {
    const wire::RequestFields& fields = recalled.content->fields;
    const Model* model = recalled.model.get();
    const ModelId model_id = model != nullptr ? model->id : ModelId{};
    const TenantId tenant = recalled.who->tenant.id;
    const std::int64_t media_part = model != nullptr ? model->tokens_per_media_part : unregistered_media_part;
    price.raw_input_tokens = accounting::estimate_prompt_tokens(fields.text, media_part);
    const wire::OutputKind output = recalled.route.rules().output;
    if (output != wire::OutputKind::none) {
      price.output_cap = output == wire::OutputKind::capped ? requested_cap(fields, model) : media_part;
      price.output_bound = accounting::output_bound(fields.prompts, fields.n, price.output_cap);
      price.answers = saturating_multiply(fields.prompts, fields.n);
    }
    estimates.ask(tenant, [&](const accounting::UsageHistory& history) {
      price.input_tokens = history.corrected_input(tenant, model_id, price.raw_input_tokens);
      price.hold_output = price.output_bound == 0 ? 0 : history.hold_output(tenant, model_id, price.output_bound);
    });
    if (model != nullptr) {
      const TokenUsage most{.prompt = {price.input_tokens}, .output = {price.output_bound}};
      price.bound_cost = accounting::cost_of(most, *model);
      price.input_cost = accounting::cost_of({.prompt = {price.input_tokens}}, *model);
    }
  }
  recalled.record->hold_estimate = {price.hold_output};
  return {std::move(recalled), price, nullptr};
}

}  // namespace obleth::gateway
