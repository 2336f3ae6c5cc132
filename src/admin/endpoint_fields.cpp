// Endpoints of a model: their fields, and how a body's endpoints become those of the record.
#include <algorithm>
#include <span>
#include <utility>

#include "admin/model_fields.hpp"
#include "admin/upstream_url.hpp"

namespace obleth::admin {
namespace {

using F = Declare<EndpointDoc>;

constexpr std::uint32_t priority_max = 1000;

Codec<std::optional<std::optional<Secret>>> written_credential() {
  const auto plain = nullable(credential());
  return {.schema = plain.schema,
          .show = [plain](const auto& written) { return written ? plain.show(*written) : Json(); },
          .take = [plain](const Json& json, Reading& reading) -> std::optional<std::optional<std::optional<Secret>>> {
            auto value = plain.take(json, reading);
            if (!value) return std::nullopt;
            return std::optional<std::optional<Secret>>(std::move(*value));
          }};
}

// An endpoint in a list is told apart by its id, which a body repeats.
Field<EndpointDoc> id_field() {
  const auto id_of = [](auto& doc) -> auto& { return doc.endpoint.id; };
  Field<EndpointDoc> field = F::fixed("id", uuid<EndpointId>(), id_of);
  field.take = F::writable("id", uuid<EndpointId>(), id_of).take;
  return field;
}

Fields<EndpointDoc> declare() {
  const auto key_set = [](const EndpointDoc& doc) -> std::optional<Json> { return doc.endpoint.api_key.has_value(); };
  const auto health = [](const EndpointDoc& doc) -> std::optional<Json> { return doc.state.health; };
  const auto in_flight = [](const EndpointDoc& doc) -> std::optional<Json> { return doc.state.in_flight; };
  const auto ejected_until = [](const EndpointDoc& doc) -> std::optional<Json> {
    return nullable(timestamp()).show(doc.state.ejected_until);
  };
  return Fields<EndpointDoc>(
      {id_field(),
       F::writable("api_base", upstream_url(), [](auto& doc) -> auto& { return doc.endpoint.api_base; }).required(),
       F::secret("api_key", written_credential(), [](auto& doc) -> auto& { return doc.written_key; })
           .about("In place of the model's."),
       F::live("api_key_set", boolean().schema, key_set),
       F::writable("priority", whole<std::uint32_t>(0, priority_max),
                   [](auto& doc) -> auto& { return doc.endpoint.priority; })
           .about("Lower first."),
       F::writable("enabled", boolean(), [](auto& doc) -> auto& { return doc.endpoint.enabled; }),
       F::live("health", Json::object({{"type", "string"}}), health),
       F::live("in_flight", Json::object({{"type", "integer"}}), in_flight),
       F::live("ejected_until", nullable(timestamp()).schema, ejected_until)});
}

using Endpoints = std::vector<EndpointDoc>;

const EndpointDoc* find(const Endpoints& endpoints, EndpointId id) {
  const auto found = std::ranges::find(endpoints, id, [](const EndpointDoc& doc) { return doc.endpoint.id; });
  return found == endpoints.end() ? nullptr : &*found;
}

// The one at this address that no endpoint of next stands for already.
const EndpointDoc* find_unclaimed(const Endpoints& current, const Endpoints& next, const std::string& api_base) {
  for (const EndpointDoc& doc : current) {
    if (doc.endpoint.api_base == api_base && find(next, doc.endpoint.id) == nullptr) return &doc;
  }
  return nullptr;
}

void keep_key(EndpointDoc& next, const EndpointDoc* before) {
  if (next.written_key)
    next.endpoint.api_key = *std::exchange(next.written_key, std::nullopt);
  else if (before != nullptr)
    next.endpoint.api_key = before->endpoint.api_key;
}

void link(Endpoints& next, const Endpoints& current, const RecordDesk& desk, Reading& reading) {
  const auto inside = reading.member("endpoints");
  for (std::size_t at = 0; at < next.size(); ++at) {
    EndpointDoc& doc = next[at];
    const EndpointDoc* before = nullptr;
    if (doc.endpoint.id.is_nil()) {
      before = find_unclaimed(current, next, doc.endpoint.api_base);
      doc.endpoint.id = before != nullptr ? before->endpoint.id : desk.new_id<EndpointId>();
    } else {
      before = find(current, doc.endpoint.id);
      const auto item = reading.item(at);
      if (before == nullptr) reading.fault_at("id", "is no endpoint of this model: leave it out to add one");
      if (find(next, doc.endpoint.id) != &doc) reading.fault_at("id", "stands twice");
    }
    keep_key(doc, before);
  }
}

// A body that gives only api_base: one endpoint, which stays the one that it was.
Endpoints single(const std::string& api_base, const Endpoints& current, const RecordDesk& desk) {
  const EndpointDoc* before = find_unclaimed(current, {}, api_base);
  if (before == nullptr && current.size() == 1) before = &current.front();
  EndpointDoc doc = before != nullptr ? *before : EndpointDoc{};
  if (before == nullptr) doc.endpoint.id = desk.new_id<EndpointId>();
  doc.endpoint.api_base = api_base;
  return {std::move(doc)};
}

// The header of that name, beside a key that is sent as one: an upstream would be told both.
const HeaderSecrets::value_type* second_credential(const ModelDoc& doc) {
  const bool has_key = doc.model.api_key || std::ranges::any_of(doc.endpoints, [](const EndpointDoc& endpoint) {
                         return endpoint.endpoint.api_key.has_value();
                       });
  const auto found = std::ranges::find_if(doc.model.upstream_headers, [](const auto& header) {
    return equals_ignoring_case(header.first, "authorization");
  });
  return has_key && found != doc.model.upstream_headers.end() ? &*found : nullptr;
}

}  // namespace

const Fields<EndpointDoc>& endpoint_fields() {
  static const Fields<EndpointDoc> fields = declare();
  return fields;
}

bool could_read_endpoints(const Reading& reading, std::size_t problems_before) {
  const std::span<const Problem> problems = std::span(reading.problems()).subspan(problems_before);
  return std::ranges::none_of(problems, [](const Problem& problem) {
    return problem.field.contains("api_base") || problem.field.contains("endpoints");
  });
}

void settle_endpoints(ModelDoc& next, const ModelDoc* current, const RecordDesk& desk, Reading& reading) {
  if (next.model.upstream_model.empty()) next.model.upstream_model = next.model.model_name;
  const Endpoints before = current != nullptr ? current->endpoints : Endpoints();
  const std::string base_before = current != nullptr ? current->api_base : std::string();
  if (next.endpoints.empty() && next.api_base.empty()) return reading.fault_at("api_base", "or endpoints is required");
  if (next.endpoints.empty()) {
    next.endpoints = single(next.api_base, before, desk);
    return;
  }
  link(next.endpoints, before, desk, reading);
  std::string& first_base = next.endpoints.front().endpoint.api_base;
  if (next.api_base != base_before && !next.api_base.empty() && next.api_base != first_base) {
    // Only api_base was changed: it stands for the first endpoint.
    if (next.endpoints != before) return reading.fault_at("api_base", "contradicts endpoints: change one of them");
    first_base = next.api_base;
  }
  next.api_base = first_base;
}

void check_model(const ModelDoc& next, const ModelDoc* current, const RecordDesk& desk, Reading& reading) {
  const Model empty;
  const Model& before = current != nullptr ? current->model : empty;
  if (next.model.api_key && next.model.api_key != before.api_key) refuse_unsealable("api_key", desk, reading);
  if (!next.model.upstream_headers.empty() && next.model.upstream_headers != before.upstream_headers)
    refuse_unsealable("upstream_headers", desk, reading);
  // What was registered before this was refused stays editable.
  const bool had_both = current != nullptr && second_credential(*current) != nullptr;
  if (const auto* header = second_credential(next); header != nullptr && !had_both)
    reading.fault_at("upstream_headers." + header->first,
                     "stands beside an api_key, which is sent as Authorization: set one of them");
  for (std::size_t at = 0; at < next.endpoints.size(); ++at) {
    const Endpoint& endpoint = next.endpoints[at].endpoint;
    const std::string member = "endpoints[" + std::to_string(at) + "]";
    const EndpointDoc* was = current != nullptr ? find(current->endpoints, endpoint.id) : nullptr;
    if (endpoint.api_key && (was == nullptr || was->endpoint.api_key != endpoint.api_key))
      refuse_unsealable(member + ".api_key", desk, reading);
    // What was registered under an older policy stays editable; connecting is what the policy forbids.
    if (was == nullptr || was->endpoint.api_base != endpoint.api_base)
      refuse_address(endpoint.api_base, at == 0 ? "api_base" : member + ".api_base", desk, reading);
  }
}

}  // namespace obleth::admin
