#include "gateway/resolve_model.hpp"

#include <algorithm>
#include <utility>

#include "domain/key_text.hpp"
#include "gateway/receive_form.hpp"

namespace obleth::gateway {
namespace {

constexpr Duration memory_retry_after = std::chrono::seconds(1);
// Reserved at once for a body of known length; longer ones grow as they really arrive.
constexpr std::uint64_t reserve_bytes_max = 1 << 20;

// What is read of the body, into its fields.
Outcome<void> read_fields(RequestContent& content, const Route& route, const Policy& policy) {
  wire::BodyOutcome outcome = wire::read_request_body(content.bytes, route.dialect);
  if (auto* fault = std::get_if<wire::BodyFault>(&outcome)) {
    return refuse(invalid_request(std::move(fault->message), std::move(fault->param)));
  }
  content.fields = std::get<wire::RequestFields>(std::move(outcome));
  if (!content.fields.has_model && !route.rules().model_is_optional) {
    const bool metered = route.treatment == Treatment::metered;
    return refuse(metered ? model_not_found("") : invalid_request("Say which model to use.", "model"));
  }
  if (content.fields.n > policy.n_max) {
    const std::string name(content.fields.n_name);
    return refuse(invalid_request(name + " may be at most " + std::to_string(policy.n_max) + " here.", name));
  }
  return {};
}

bool is_named(const Model& model, std::string_view name) {
  return model.model_name == name || std::ranges::find(model.aliases, name) != model.aliases.end();
}

bool names(const std::optional<std::vector<std::string>>& list, std::string_view requested, const Model* model) {
  if (!list) return true;
  return std::ranges::any_of(*list, [&](const std::string& name) {
    return name == requested || (model != nullptr && is_named(*model, name));
  });
}

Refusal no_default_upstream() {
  return {.status = 404,
          .type = "invalid_request_error",
          .code = "no_default_upstream",
          .message = "Nothing serves this path: no default upstream is set (OBLETH_UPSTREAM_BASE_URL)."};
}

// The registered model, or null for the default upstream. requested: empty where the client left it open.
Outcome<std::shared_ptr<const Model>> choose_model(const Identified& identified, const std::string& requested,
                                                   ModelSources sources) {
  const auto snapshot = sources.catalog.snapshot();
  if (!snapshot) return refuse(store_unavailable());
  std::shared_ptr<const Model> model = snapshot->find(requested);
  if (!may_use_model(*identified.who, requested, model.get())) return refuse(model_not_found(requested));
  if (model && !model->enabled) return refuse(model_not_found(requested));
  if (model) return model;
  if (identified.route.rules().needs_registered_model && !sources.policy.unregistered_models_allowed) {
    return refuse(model_not_found(requested));
  }
  if (!sources.policy.default_upstream) return refuse(model_not_found(requested));
  return nullptr;
}

// The loop's time moves only while something is waited for: here, for the client's body.
void note_routed(Identified& identified) {
  Timings& timings = identified.timings;
  timings.routed = identified.loop->now();
  timings.waiting += timings.routed - timings.identified;
}

Task<Outcome<void>> receive_document(const Identified& identified, RequestContent& content, const Policy& policy) {
  Outcome<std::string> body = co_await collect_body(*identified.exchange, content.lease, policy.body_bytes_max);
  if (!body) co_return refuse(std::move(body.error()));
  content.bytes = std::move(*body);
  co_return read_fields(content, identified.route, policy);
}

}  // namespace

Refusal body_memory_full() {
  return overloaded("The gateway holds as many request bodies as it may. Try again shortly.", memory_retry_after);
}

Task<Outcome<std::string>> collect_body(ports::ClientExchange& exchange, BodyMemory::Lease& lease,
                                        std::uint64_t bytes_max) {
  const RequestHead& head = exchange.head();
  exchange.limit_body(bytes_max);
  if (head.framing == BodyFraming::length && head.content_length <= bytes_max && !lease.grow_to(head.content_length)) {
    co_return refuse(body_memory_full());
  }
  std::string body;
  body.reserve(std::min(head.content_length, reserve_bytes_max));
  while (true) {
    const Result<std::string_view> piece = co_await exchange.read_body();
    if (!piece) co_return refuse(from_client_fault(piece.error()));
    if (piece->empty()) co_return body;
    if (!lease.grow_to(body.size() + piece->size())) co_return refuse(body_memory_full());
    body.append(*piece);
  }
}

bool has_allow_list(const ResolvedKey& who) {
  return who.key.allowed_models || who.tenant.allowed_models;
}

bool may_use_model(const ResolvedKey& who, std::string_view requested, const Model* model) {
  return names(who.tenant.allowed_models, requested, model) && names(who.key.allowed_models, requested, model);
}

Task<Outcome<Routed>> resolve_model(Identified&& identified, ModelSources sources) {
  const bool metered = identified.route.treatment == Treatment::metered;
  if (metered && !sources.policy.default_upstream) co_return refuse(no_default_upstream());
  if (metered && !has_allow_list(*identified.who)) {
    identified.exchange->limit_body(sources.policy.body_bytes_max);
    identified.timings.routed = identified.timings.identified;
    co_return Routed{std::move(identified), nullptr, nullptr};
  }
  auto content = std::make_unique<RequestContent>();
  content->lease = sources.memory.lease(identified.who->tenant.id);
  Task<Outcome<void>> receiving = comes_as_form(identified) ? receive_form(identified, *content, sources.policy)
                                                            : receive_document(identified, *content, sources.policy);
  const Outcome<void> received = co_await receiving;
  note_routed(identified);
  // A key with an allow-list may use other paths only with an allowed model: what names none is not allowed.
  const bool unreadable = !received && received.error().status == 400 && received.error().param.empty();
  if (metered && unreadable) co_return refuse(model_not_found(""));
  if (!received) co_return refuse(received.error());
  UsageRecord& record = *identified.record;
  record.stream = content->fields.stream;

  Outcome<std::shared_ptr<const Model>> model = choose_model(identified, content->fields.model, sources);
  if (!model) co_return refuse(std::move(model.error()));
  record.model = *model ? (*model)->model_name : "";
  record.upstream_model = *model ? (*model)->upstream_model : without_key(content->fields.model);
  // What passes through goes to the default upstream untouched, whatever model it names.
  co_return Routed{std::move(identified), std::move(content), metered ? nullptr : std::move(*model)};
}

}  // namespace obleth::gateway
