#include "admin/model_fields.hpp"

#include <algorithm>
#include <utility>

#include "admin/audit_note.hpp"
#include "admin/shapes.hpp"
#include "admin/upstream_url.hpp"

namespace obleth::admin {
namespace {

constexpr std::size_t aliases_max = 100;
constexpr std::int64_t window_tokens_max = 100'000'000;
constexpr std::uint32_t timeout_secs_max = 86'400;
constexpr std::int64_t token_cost_max = 1'000'000;  // thousandths
constexpr std::int64_t slot_cost_max = 60'000'000;  // thousandths: 60 × the largest admission weight
constexpr std::uint32_t cache_ttl_secs_max = 31'536'000;

using F = Declare<ModelDoc>;
using ModelFields = std::vector<Field<ModelDoc>>;

Codec<std::string> model_name() {
  return unique_name(model_name_length_max);
}

Codec<std::int64_t> tokens(std::int64_t min) {
  return whole<std::int64_t>(min, window_tokens_max);
}

Codec<std::uint32_t> seconds() {
  return whole<std::uint32_t>(1, timeout_secs_max);
}

Field<ModelDoc> headers() {
  Field<ModelDoc> field =
      F::secret("upstream_headers", Codec<HeaderSecrets>{.schema = headers_schema(), .show = {}, .take = {}},
                [](auto& doc) -> auto& { return doc.model.upstream_headers; });
  field.show = [](const ModelDoc& doc) -> std::optional<Json> {
    Json masked = Json::object();
    for (const auto& [name, value] : doc.model.upstream_headers)
      masked.set(name, credential().show(value));
    return masked;
  };
  field.take = [](ModelDoc& doc, const Json& json, Reading& reading) {
    take_headers(doc.model.upstream_headers, json, reading);
  };
  return field;
}

ModelFields names() {
  return {F::fixed("id", uuid<ModelId>(), [](auto& doc) -> auto& { return doc.model.id; }),
          F::writable("model_name", model_name(), [](auto& doc) -> auto& { return doc.model.model_name; })
              .required()
              .about("What clients send."),
          F::writable("aliases", list_of(model_name(), {.items_max = aliases_max}),
                      [](auto& doc) -> auto& { return doc.model.aliases; })
              .about("Other names for it; unique over names and aliases of all models."),
          F::writable("upstream_model", text({.characters_max = model_name_length_max}), [](auto& doc) -> auto& {
            return doc.model.upstream_model;
          }).about("What the upstream is told; model_name unless given.")};
}

ModelFields upstream() {
  const auto key_set = [](const ModelDoc& doc) -> std::optional<Json> { return doc.model.api_key.has_value(); };
  const auto header_set = [](const ModelDoc& doc) -> std::optional<Json> {
    return header_names(doc.model.upstream_headers);
  };
  return {F::writable("api_base", upstream_url(), [](auto& doc) -> auto& { return doc.api_base; })
              .about("The first endpoint's base URL; enough for a model with one endpoint."),
          F::writable("endpoints", list_of(object_of(endpoint_fields()), {.items_min = 1, .items_max = endpoints_max}),
                      [](auto& doc) -> auto& { return doc.endpoints; }),
          F::secret("api_key", nullable(credential()), [](auto& doc) -> auto& { return doc.model.api_key; })
              .about("Sent as Authorization: Bearer by endpoints that have none of their own."),
          F::live("api_key_set", boolean().schema, key_set),
          headers(),
          F::live("upstream_headers_set", list_schema(Json::object({{"type", "string"}}), 0, 32), header_set)};
}

ModelFields costs() {
  return {
      F::writable("input_cost_per_token", price(), [](auto& doc) -> auto& { return doc.model.input_cost_per_token; }),
      F::writable("cached_input_cost_per_token", nullable(price()),
                  [](auto& doc) -> auto& { return doc.model.cached_input_cost_per_token; })
          .about("Dollars, from 0 to 1000000 with at most 12 decimals; null: as input_cost_per_token."),
      F::writable("output_cost_per_token", price(), [](auto& doc) -> auto& { return doc.model.output_cost_per_token; }),
      F::writable("cost_per_request", price(), [](auto& doc) -> auto& { return doc.model.cost_per_request; })};
}

ModelFields fairshare() {
  return {
      F::writable("context_window", tokens(1), [](auto& doc) -> auto& { return doc.model.context_window; }),
      F::writable("default_max_tokens", tokens(1), [](auto& doc) -> auto& { return doc.model.default_max_tokens; }),
      F::writable("admission_weight", thousandths(10, 1'000'000),
                  [](auto& doc) -> auto& { return doc.model.admission_weight; })
          .about("Multiplies the fairshare cost: with 4, each token counts four times."),
      F::writable("input_token_cost", thousandths(0, token_cost_max),
                  [](auto& doc) -> auto& { return doc.model.input_token_cost; }),
      F::writable("output_token_cost", thousandths(0, token_cost_max),
                  [](auto& doc) -> auto& { return doc.model.output_token_cost; }),
      F::writable("slot_second_cost", nullable(thousandths(0, slot_cost_max)),
                  [](auto& doc) -> auto& { return doc.model.slot_second_cost; })
          .about("Null: 60 times admission_weight."),
      F::writable("max_in_flight", slots_or_none(), [](auto& doc) -> auto& { return doc.model.max_in_flight; }),
      F::writable("brownout_max_tokens", tokens(1), [](auto& doc) -> auto& { return doc.model.brownout_max_tokens; })};
}

ModelFields behaviour() {
  const Choices<CacheScope> scopes{{"tenant", CacheScope::tenant}};
  return {
      F::writable("enabled", boolean(), [](auto& doc) -> auto& { return doc.model.enabled; }),
      F::writable("inject_usage", boolean(), [](auto& doc) -> auto& { return doc.model.inject_usage; }),
      F::writable("cache_enabled", boolean(), [](auto& doc) -> auto& { return doc.model.cache_enabled; }),
      F::writable("cache_ttl_secs", whole<std::uint32_t>(1, cache_ttl_secs_max),
                  [](auto& doc) -> auto& { return doc.model.cache_ttl_secs; }),
      F::writable("cache_scope", choice(scopes), [](auto& doc) -> auto& { return doc.model.cache_scope; }),
      F::writable("max_retries", whole<std::uint32_t>(0, 10), [](auto& doc) -> auto& { return doc.model.max_retries; }),
      F::writable("request_timeout_secs", seconds(), [](auto& doc) -> auto& { return doc.model.request_timeout_secs; })
          .about(
              "To connect, 5 s at most; then to the first byte of the answer, from when the request begins to leave. "
              "What streams through has left first."),
      F::writable("idle_timeout_secs", seconds(), [](auto& doc) -> auto& { return doc.model.idle_timeout_secs; })
          .about("Between bytes."),
      F::writable("gpus", whole<std::uint32_t>(1, 100'000), [](auto& doc) -> auto& { return doc.model.gpus; }),
      F::writable("tokens_per_media_part", whole<std::int64_t>(0, 1'000'000), [](auto& doc) -> auto& {
        return doc.model.tokens_per_media_part;
      }).about("What an image or audio part of a prompt counts.")};
}

void check_names(const ModelDoc& doc, Reading& reading) {
  std::vector<std::string> all = doc.model.aliases;
  all.push_back(doc.model.model_name);
  std::ranges::sort(all);
  if (std::ranges::adjacent_find(all) != all.end())
    reading.fault_at("aliases", "must differ from each other and from model_name");
}

Fields<ModelDoc> declare() {
  const auto record = [](auto& doc) -> auto& { return doc.model; };
  return Fields<ModelDoc>(
      joined<ModelDoc>({names(), upstream(), costs(), fairshare(), behaviour(), moment_fields<ModelDoc>(record)}),
      check_names);
}

}  // namespace

const Fields<ModelDoc>& model_fields() {
  static const Fields<ModelDoc> fields = declare();
  return fields;
}

ModelDoc model_doc(Model model) {
  ModelDoc doc{.model = std::move(model), .api_base = {}, .endpoints = {}};
  for (const Endpoint& endpoint : doc.model.endpoints)
    doc.endpoints.push_back({.endpoint = endpoint, .written_key = {}, .state = {}});
  if (!doc.endpoints.empty()) doc.api_base = doc.endpoints.front().endpoint.api_base;
  return doc;
}

Model model_record(const ModelDoc& doc) {
  Model model = doc.model;
  model.endpoints.clear();
  for (const EndpointDoc& endpoint : doc.endpoints)
    model.endpoints.push_back(endpoint.endpoint);
  if (model.upstream_model.empty()) model.upstream_model = model.model_name;
  return model;
}

AuditNote model_note(const char* action, const ModelDoc* before, const ModelDoc* after) {
  const Model& subject = (after != nullptr ? after : before)->model;
  return note_of({action, "model", subject.id.uuid(), subject.model_name}, model_fields(), before, after);
}

}  // namespace obleth::admin
