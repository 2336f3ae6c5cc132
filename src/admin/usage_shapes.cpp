#include "admin/usage_shapes.hpp"

#include <optional>
#include <utility>

#include "admin/codec.hpp"
#include "admin/schema_parts.hpp"
#include "admin/usage_row_columns.hpp"

namespace obleth::admin {
namespace {

Json list_schema_of(Json item, const char* description) {
  return Json::object({{"type", "array"}, {"items", std::move(item)}, {"description", description}});
}

Json quantiles_schema(const char* description) {
  Json schema = closed_schema({{"p50", nullable_typed("integer", "Half of the requests took at most so long.")},
                               {"p95", nullable_typed("integer", "95 of 100 did.")},
                               {"p99", nullable_typed("integer", "99 of 100 did.")}});
  schema.set("description", description);
  return schema;
}

Json::Object sums_properties() {
  Json latency = closed_schema({{"total_ms", quantiles_schema("From head to end.")},
                                {"ttft_ms", quantiles_schema("To the first byte.")},
                                {"queue_ms", quantiles_schema("Waiting for the turn.")}});
  latency.set("description", "Of requests that were not refused; at most 7 % off. Null where there are none.");
  return {{"requests", typed("integer", "All, refused ones among them.")},
          {"errors", typed("integer", "Status 400 or above, and not refused by the gateway.")},
          {"refusals", typed("integer", "Refused by the gateway.")},
          {"brownouts", typed("integer", "Softened to a smaller output.")},
          {"cache_hits", typed("integer", "Answered from the cache.")},
          {"retries", typed("integer", "Attempts beyond the first.")},
          {"input_tokens", typed("integer", "Prompt tokens, cached ones among them.")},
          {"cached_tokens", typed("integer", "Of the input, from the upstream's cache.")},
          {"output_tokens", typed("integer", "Generated tokens, reasoning among them.")},
          {"reasoning_tokens", typed("integer", "Of the output.")},
          {"total_tokens", typed("integer", "Input and output.")},
          {"tokens_saved", typed("integer", "By the cache.")},
          {"cost", nullable_typed("integer", "Nano-dollars; null above 2^53, which cost_usd tells exactly.")},
          {"cost_usd", typed("string", "Dollars, exact.")},
          {"gpu_ms", typed("integer", "GPU time.")},
          {"slot_ms", typed("integer", "Time that requests held slots.")},
          {"queue_ms", typed("integer", "Time that requests waited for their turn.")},
          {"latency", std::move(latency)}};
}

Json::Object span_properties() {
  return {{"since", typed("integer", "The span's begin, in Unix milliseconds.")},
          {"until", nullable_typed("integer", "Its end, not included; null: open, until now.")}};
}

// What names a tenant, key, model or group; those of the dimension that was asked for are there.
Json::Object naming_properties() {
  return {{"tenant_id", typed("string", "Of a tenant, and of a key its tenant's.")},
          {"tenant", nullable_typed("string", "Its name; of a deleted one, its last.")},
          {"key_id", typed("string", "Of a key.")},
          {"key", nullable_typed("string", "Its name; null when it was deleted.")},
          {"model_id", nullable_typed("string", "Of a model; null when it was deleted.")},
          {"model", nullable_typed("string", "Its name; null: requests without a registered model.")},
          {"group_id", nullable_typed("string", "Of a group; null when it was deleted.")},
          {"group", nullable_typed("string", "Its name.")}};
}

Json named_object(const Json::Object& required_properties) {
  Json schema = closed_schema(required_properties);
  Json properties = *schema.find("properties");
  for (const Json::Member& naming : naming_properties())
    properties.set(naming.first, naming.second);
  schema.set("properties", std::move(properties));
  return schema;
}

Json::Object together(Json::Object first, const Json::Object& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

Json milliseconds(const std::optional<std::int64_t>& value) {
  return value ? Json(*value) : Json();
}
Json quantiles_json(const ports::DurationQuantiles& quantiles) {
  return Json::object({{"p50", milliseconds(quantiles.p50_ms)},
                       {"p95", milliseconds(quantiles.p95_ms)},
                       {"p99", milliseconds(quantiles.p99_ms)}});
}

}  // namespace

void append_sums(Json::Object& members, const ports::UsageSums& sums) {
  const auto add = [&members](const char* name, Json value) { members.emplace_back(name, std::move(value)); };
  add("requests", sums.requests);
  add("errors", sums.errors);
  add("refusals", sums.refusals);
  add("brownouts", sums.brownouts);
  add("cache_hits", sums.cache_hits);
  add("retries", sums.retries);
  add("input_tokens", sums.input_tokens);
  add("cached_tokens", sums.cached_tokens);
  add("output_tokens", sums.output_tokens);
  add("reasoning_tokens", sums.reasoning_tokens);
  add("total_tokens", saturating_add(sums.input_tokens, sums.output_tokens));
  add("tokens_saved", sums.tokens_saved);
  add("cost", nano_usd_json(sums.cost));
  add("cost_usd", to_decimal(sums.cost));
  add("gpu_ms", sums.gpu_ms);
  add("slot_ms", sums.slot_ms);
  add("queue_ms", sums.queue_ms);
  add("latency", Json::object({{"total_ms", quantiles_json(sums.total)},
                               {"ttft_ms", quantiles_json(sums.ttft)},
                               {"queue_ms", quantiles_json(sums.queue)}}));
}

Json usage_sums_schema() {
  return closed_schema(together(span_properties(), sums_properties()));
}

Json usage_series_schema() {
  Json::Object point{{"ts", typed("integer", "The bucket's begin (UTC), in Unix milliseconds.")}};
  const Json points = list_schema_of(closed_schema(together(std::move(point), sums_properties())),
                                     "By time; a bucket without requests has none.");
  Json::Object properties = span_properties();
  properties.emplace_back("bucket", choice_schema({"minute", "hour", "day"}));
  properties.emplace_back("group_by", or_null(choice_schema({"tenant", "key", "model", "group"})));
  properties.emplace_back("data", list_schema_of(named_object({{"points", points}}),
                                                 "One line, or one for each tenant, key, model or group; the largest "
                                                 "by cost first."));
  return closed_schema(std::move(properties));
}

Json usage_costs_schema() {
  const Json shares = list_schema_of(named_object(sums_properties()), "The largest by cost first.");
  Json::Object properties = span_properties();
  properties.emplace_back("total", closed_schema(sums_properties()));
  for (const char* list : {"tenants", "keys", "models", "groups"})
    properties.emplace_back(list, shares);
  return closed_schema(std::move(properties));
}

Json tenant_usage_schema() {
  const Json shares = list_schema_of(named_object(sums_properties()), "The largest by cost first.");
  Json::Object properties{{"tenant_id", typed("string", "Also of a tenant that was deleted.")},
                          {"tenant", nullable_typed("string", "Its name; of a deleted one, its last.")}};
  properties = together(together(std::move(properties), span_properties()), sums_properties());
  properties.emplace_back("keys", shares);
  properties.emplace_back("models", shares);
  return closed_schema(std::move(properties));
}

}  // namespace obleth::admin
