#include "admin/model_trial.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "admin/exchange_deadline.hpp"
#include "admin/schema_parts.hpp"
#include "domain/upstream_address.hpp"
#include "wire/usage_extract.hpp"

namespace obleth::admin {
namespace {

constexpr std::size_t answer_bytes_max = 1024 * 1024;
constexpr std::size_t excerpt_bytes_max = 2000;
constexpr auto patience_max = std::chrono::seconds(60);
constexpr auto exchange_max = 2 * patience_max;  // the answer's head, and as long again for its body

enum class TrialKind : std::uint8_t { chat, completions, embeddings };

struct Trial {
  TrialKind kind = TrialKind::chat;
  std::string prompt = "Say hello.";
  std::int64_t max_tokens = 16;
  std::optional<EndpointId> endpoint;
};

struct TrialResult {
  std::optional<int> status;
  std::optional<TokenUsage> usage;
  std::string error;  // empty: none
};

const Fields<Trial>& trial_fields() {
  using F = Declare<Trial>;
  const Choices<TrialKind> kinds{
      {"chat", TrialKind::chat}, {"completions", TrialKind::completions}, {"embeddings", TrialKind::embeddings}};
  static const Fields<Trial> fields(
      {F::writable("kind", choice(kinds), [](auto& trial) -> auto& { return trial.kind; }),
       F::writable("prompt", text({.characters_min = 1, .characters_max = 4000, .single_line = false}),
                   [](auto& trial) -> auto& { return trial.prompt; }),
       F::writable("max_tokens", whole<std::int64_t>(1, 4096), [](auto& trial) -> auto& { return trial.max_tokens; }),
       F::writable("endpoint_id", nullable(uuid<EndpointId>()), [](auto& trial) -> auto& {
         return trial.endpoint;
       }).about("Null: the first enabled one of the best priority.")});
  return fields;
}

Json result_schema() {
  const Json whole_number = Json::object({{"type", "integer"}});
  const Json plain_text = Json::object({{"type", "string"}});
  const Json usage = closed_schema({{"prompt_tokens", whole_number}, {"completion_tokens", whole_number}},
                                   Json::list({"object", "null"}));
  return closed_schema({{"endpoint_id", plain_text},
                        {"api_base", plain_text},
                        {"status", Json::object({{"type", Json::list({"integer", "null"})}})},
                        {"latency_ms", whole_number},
                        {"usage", usage},
                        {"error", Json::object({{"type", Json::list({"string", "null"})}})}});
}

Json usage_json(const std::optional<TokenUsage>& usage) {
  if (!usage) return nullptr;
  return Json::object({{"prompt_tokens", usage->prompt.value}, {"completion_tokens", usage->output.value}});
}

const char* path_of(TrialKind kind) {
  switch (kind) {
    case TrialKind::completions:
      return "/v1/completions";
    case TrialKind::embeddings:
      return "/v1/embeddings";
    default:
      return "/v1/chat/completions";
  }
}

std::string body_of(const Trial& trial, const Model& model) {
  Json body = Json::object({{"model", model.upstream_model}});
  if (trial.kind == TrialKind::embeddings) {
    body.set("input", trial.prompt);
  } else if (trial.kind == TrialKind::completions) {
    body.set("prompt", trial.prompt);
  } else {
    body.set("messages", Json::list({Json::object({{"role", "user"}, {"content", trial.prompt}})}));
  }
  if (trial.kind != TrialKind::embeddings) body.set("max_tokens", trial.max_tokens);
  return to_text(body);
}

std::string head_of(const Trial& trial, const Model& model, const Endpoint& endpoint, const UpstreamAddress& address) {
  std::string head = "POST " + join_target(address, path_of(trial.kind)) + " HTTP/1.1\r\nHost: " + address.authority +
                     "\r\nContent-Type: application/json\r\nAccept-Encoding: identity\r\n";
  const Secret* key = endpoint.api_key ? &*endpoint.api_key : model.api_key ? &*model.api_key : nullptr;
  if (key != nullptr) head.append("Authorization: Bearer ").append(key->reveal()).append("\r\n");
  for (const auto& [name, value] : model.upstream_headers)
    head.append(name).append(": ").append(value.reveal()).append("\r\n");
  return head;
}

const Endpoint* pick(const Model& model, const Trial& trial) {
  const Endpoint* best = nullptr;
  for (const Endpoint& endpoint : model.endpoints) {
    if (trial.endpoint && endpoint.id == *trial.endpoint) return &endpoint;
    if (!trial.endpoint && endpoint.enabled && (best == nullptr || endpoint.priority < best->priority))
      best = &endpoint;
  }
  return best;
}

Task<Result<std::string>> read_all(ports::UpstreamAnswer& answer) {
  std::string body;
  while (true) {
    const Result<std::string_view> bytes = co_await answer.read();
    if (!bytes) co_return fail(bytes.error());
    if (bytes->empty()) co_return std::move(body);
    if (body.size() + bytes->size() > answer_bytes_max)
      co_return fail(upstream_fault(FaultKind::too_large, "The answer is larger than 1 MiB.", false));
    body += *bytes;
  }
}

Task<TrialResult> ask(ports::Upstream& upstream, const ports::UpstreamCall& request, const ExchangeDeadline& deadline) {
  TrialResult result;
  const Result<std::unique_ptr<ports::UpstreamAnswer>> sent = co_await upstream.send(request);
  if (!sent) {
    result.error = deadline.told(sent.error());
    co_return result;
  }
  result.status = (*sent)->head().status;
  const Result<std::string> body = co_await read_all(**sent);
  if (!body) {
    result.error = deadline.told(body.error());
  } else if (*result.status != 200) {
    result.error = body->substr(0, excerpt_bytes_max);
  } else if (const auto found = wire::usage_of_document(*body)) {
    result.usage = found->usage;
  }
  co_return result;
}

}  // namespace

void ModelTrial::register_in(RouteTable& table) {
  table.section("models");
  table.describe("ModelTest", trial_fields().schema(SchemaKind::create));
  table.describe("ModelTestResult", result_schema());
  table.add(post("/models/{id}/test", "Send one real request to a model's upstream")
                .takes("ModelTest")
                .gives("ModelTestResult")
                .may_answer({503})
                .answered_by(this, &ModelTrial::run));
}

Task<Reply> ModelTrial::run(const Call& call) {
  const RecordDesk& desk = records_.desk();
  const Outcome<ModelDoc> doc = co_await records_.find(call.at("id"));
  if (!doc) co_return doc.error();
  Trial trial;
  Reading reading(ReadMode::create);
  trial_fields().take(trial, call.body, reading);
  const Model& model = doc->model;
  const Endpoint* endpoint = pick(model, trial);
  if (endpoint == nullptr) reading.fault_at("endpoint_id", "names no endpoint, or the model has none enabled");
  if (reading.failed()) co_return refuse_body(reading);
  const Result<UpstreamAddress> address = parse_upstream_address(endpoint->api_base);
  if (!address) co_return refuse_fault(address.error());
  if (desk.given().upstream == nullptr) co_return refuse(503, "unavailable", "This gateway cannot reach upstreams.");

  const std::string body = body_of(trial, model);
  const std::string head =
      head_of(trial, model, *endpoint, *address) + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  const std::array<std::string_view, 1> pieces{body};
  ports::UpstreamCall request;
  request.address = &*address;
  request.head = head;
  request.body = pieces;
  request.head_timeout = std::min<Duration>(std::chrono::seconds(model.request_timeout_secs), patience_max);
  request.idle_timeout = std::min<Duration>(std::chrono::seconds(model.idle_timeout_secs), patience_max);
  ExchangeDeadline deadline(call.departure, exchange_max);
  request.cancel = &deadline.signal();
  const Instant started = desk.given().clock.now();
  const TrialResult result = co_await ask(*desk.given().upstream, request, deadline);
  const std::int64_t latency_ms = whole_ms(desk.given().clock.now() - started);
  co_return answer(200, Json::object({{"endpoint_id", endpoint->id.uuid()},
                                      {"api_base", endpoint->api_base},
                                      {"status", result.status ? Json(*result.status) : Json()},
                                      {"latency_ms", latency_ms},
                                      {"usage", usage_json(result.usage)},
                                      {"error", result.error.empty() ? Json() : Json(result.error)}}));
}

}  // namespace obleth::admin
