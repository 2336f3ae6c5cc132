#include "gateway/receive_request.hpp"

#include <optional>
#include <utility>

#include "domain/key_text.hpp"
#include "wire/header_rules.hpp"
#include "wire/http_syntax.hpp"
#include "wire/request_target.hpp"

namespace obleth::gateway {
namespace {

constexpr std::size_t user_agent_family_max = 32;

bool is_identity(std::optional<std::string_view> encoding) {
  return !encoding || encoding->empty() || equals_ignoring_case(*encoding, "identity");
}

Refusal encoded_body() {
  return {.status = 415,
          .type = "invalid_request_error",
          .code = "unsupported_content_encoding",
          .message = "This route reads the body: send it without Content-Encoding."};
}

// What the route itself forbids.
std::optional<Refusal> refused_by_route(const Route& route, const RequestHead& head) {
  if (route.treatment == Treatment::not_found) {
    return Refusal{.status = 404,
                   .type = "invalid_request_error",
                   .code = "not_found",
                   .message = "There is nothing at this path. See /v1/models, /v1/chat/completions, /v1/embeddings."};
  }
  if (route.treatment == Treatment::refused) {
    return forbidden("route_forbidden",
                     "This path controls the inference server and is closed to clients. An operator may open it with "
                     "OBLETH_PASSTHROUGH_ALLOW.");
  }
  if (!takes(route.methods, head.method)) return method_not_allowed(route.methods);
  if (route.treatment == Treatment::priced && !is_identity(head.fields.find("content-encoding"))) return encoded_body();
  return std::nullopt;
}

// A key in the wrong place stays out of the record.
void fill_in_client(UsageRecord& record, const RequestHead& head) {
  const auto request_id = head.fields.find("x-request-id");
  const bool is_kept = request_id && wire::is_acceptable_request_id(*request_id) && !holds_key(*request_id);
  if (is_kept) record.client_request_id = *request_id;
  const auto user_agent = head.fields.find("user-agent");
  if (user_agent && !holds_key(*user_agent)) record.user_agent_family = user_agent_family(*user_agent);
}

Route route_of(const RequestHead& head, const wire::MatchedPath& path, const Policy& policy) {
  Route route = match_route(path, policy);
  if (head.method == "OPTIONS") {
    const std::string_view methods = route.other_methods_pass ? any_method : route.methods;
    return {.treatment = Treatment::options, .name = "options", .methods = methods};
  }
  const bool passes = route.other_methods_pass && !takes(route.methods, head.method);
  return passes ? Route{.treatment = Treatment::metered, .name = route.name} : route;
}

}  // namespace

Received note_arrival(const Arrival& arrival, Route route) {
  UsageRecord& record = *arrival.record;
  record.event_id = arrival.event_id;
  fill_in_client(record, arrival.exchange->head());
  record.route = route.name;
  Received received{.exchange = arrival.exchange,
                    .loop = arrival.loop,
                    .route = std::move(route),
                    .event_id = arrival.event_id,
                    .record = &record};
  received.timings.received = arrival.exchange->received_at();
  return received;
}

Outcome<Received> receive_request(const Arrival& arrival, const Policy& policy) {
  const RequestHead& head = arrival.exchange->head();
  const auto path = wire::normalise_target(head.target);
  if (!path) {
    static_cast<void>(note_arrival(arrival, {.name = ""}));
    return refuse(
        invalid_request("The path is not valid: it may hold no '..', encoded backslash or control character."));
  }
  Received received = note_arrival(arrival, route_of(head, *path, policy));
  const bool own_route = received.route.treatment != Treatment::metered;
  if (path->has_encoded_slash && own_route && received.route.model_id.empty()) {
    return refuse(invalid_request("An encoded slash is not allowed in this path."));
  }
  if (auto refusal = refused_by_route(received.route, head)) return refuse(std::move(*refusal));
  return received;
}

std::string user_agent_family(std::string_view user_agent) {
  std::string name;
  while (true) {
    const std::string_view longest = user_agent.substr(0, user_agent_family_max);
    const char* const end = longest.data() + longest.size();
    const std::string_view family(longest.data(), wire::skip_class(longest.data(), end, wire::word_char));
    name += family;
    // The SDKs say "OpenAI/Python 1.2.3", "Anthropic/JS 4.5.6".
    user_agent.remove_prefix(family.size());
    const bool is_sdk = family == "OpenAI" || family == "Anthropic";
    if (!is_sdk || user_agent.size() < 2 || user_agent.front() != '/') return name;
    name += '-';
    user_agent.remove_prefix(1);
  }
}

}  // namespace obleth::gateway
