#include "admin/model_endpoints.hpp"

#include <algorithm>
#include <utility>

#include "admin/paging.hpp"

namespace obleth::admin {
namespace {

using Endpoints = std::vector<EndpointDoc>;

Endpoints::iterator find(Endpoints& endpoints, const std::string& id) {
  const auto wanted = EndpointId::from_text(id);
  return std::ranges::find_if(endpoints, [&](const EndpointDoc& doc) { return wanted && doc.endpoint.id == *wanted; });
}

// Behind the endpoint that the page before ended with; where that one is gone, at its place.
std::size_t beginning_of_page(const Endpoints& endpoints, const std::optional<Place>& last) {
  if (!last) return 0;
  const auto told = std::ranges::find(endpoints, last->id, [](const EndpointDoc& doc) { return doc.endpoint.id.bits; });
  if (told != endpoints.end()) return static_cast<std::size_t>(told - endpoints.begin()) + 1;
  return std::min(static_cast<std::size_t>(last->number), endpoints.size());
}

// The first endpoint's address is the model's api_base.
void keep_base_true(ModelDoc& doc) {
  doc.api_base = doc.endpoints.front().endpoint.api_base;
}

}  // namespace

void ModelEndpoints::register_in(RouteTable& table) {
  table.section("models");
  table.describe("Endpoint", endpoint_fields().schema(SchemaKind::answer));
  table.describe("EndpointList", list_of_schema("Endpoint"));
  table.describe("EndpointCreate", endpoint_fields().schema(SchemaKind::create));
  table.describe("EndpointReplace", endpoint_fields().schema(SchemaKind::replace));
  table.add(get("/models/{id}/endpoints", "List a model's endpoints")
                .lists("Endpoint")
                .asks(page_parameters(false))
                .answered_by(this, &ModelEndpoints::list));
  table.add(post("/models/{id}/endpoints", "Add an endpoint to a model")
                .takes("EndpointCreate")
                .gives("Endpoint", 201)
                .may_answer({409})
                .answered_by(this, &ModelEndpoints::create));
  table.add(put("/models/{id}/endpoints/{eid}", "Replace an endpoint")
                .takes("EndpointReplace")
                .gives("Endpoint")
                .answered_by(this, &ModelEndpoints::replace));
  table.add(del("/models/{id}/endpoints/{eid}", "Remove an endpoint; a model keeps at least one")
                .may_answer({409})
                .answered_by(this, &ModelEndpoints::remove));
}

Task<Reply> ModelEndpoints::list(const Call& call) {
  const Outcome<ports::PageRequest> page = requested_page(call);
  if (!page) co_return page.error();
  const Outcome<std::optional<Place>> last = last_place(*page);
  if (!last) co_return last.error();
  Outcome<ModelDoc> doc = co_await records_.find(call.at("id"));
  if (!doc) co_return doc.error();
  records_.fill_in_state(*doc);
  const Endpoints& endpoints = doc->endpoints;
  const std::size_t first = beginning_of_page(endpoints, *last);
  const std::size_t end = std::min(first + page->limit, endpoints.size());
  Json rows = Json::list();
  for (std::size_t at = first; at < end; ++at)
    rows.append(endpoint_fields().show(endpoints[at]));
  std::string next;
  if (end < endpoints.size()) {
    const auto position = static_cast<std::int64_t>(end - 1);
    next = cursor_after({.number = position, .id = endpoints[end - 1].endpoint.id.bits});
  }
  co_return answer(200, list_json(std::move(rows), next));
}

Task<Reply> ModelEndpoints::create(const Call& call) {
  const RecordDesk::Turn turn = co_await records_.desk().turn();
  const Outcome<ModelDoc> current = co_await records_.find(call.at("id"));
  if (!current) co_return current.error();
  if (current->endpoints.size() == endpoints_max)
    co_return conflict("endpoints", "are at most " + std::to_string(endpoints_max) + " for one model");
  EndpointDoc added;
  Reading reading(ReadMode::create);
  endpoint_fields().take(added, call.body, reading);
  if (reading.failed()) co_return refuse_body(reading);
  // Given here, so that a second endpoint at the same address is not taken for the first.
  added.endpoint.id = records_.desk().new_id<EndpointId>();
  ModelDoc next = *current;
  added.endpoint.api_key = std::exchange(added.written_key, std::nullopt).value_or(std::nullopt);
  next.endpoints.push_back(added);
  const Outcome<ModelDoc> saved = co_await records_.save_settled(turn, call, &*current, std::move(next), reading);
  if (!saved) co_return saved.error();
  co_return answer(201, endpoint_fields().show(saved->endpoints.back()));
}

Task<Reply> ModelEndpoints::replace(const Call& call) {
  const RecordDesk::Turn turn = co_await records_.desk().turn();
  const Outcome<ModelDoc> current = co_await records_.find(call.at("id"));
  if (!current) co_return current.error();
  ModelDoc next = *current;
  const auto endpoint = find(next.endpoints, call.at("eid"));
  if (endpoint == next.endpoints.end()) co_return not_found("endpoint", call.at("eid"));
  const auto at = static_cast<std::size_t>(endpoint - next.endpoints.begin());
  const EndpointId id = endpoint->endpoint.id;
  Reading reading(ReadMode::replace);
  endpoint_fields().take(*endpoint, call.body, reading);
  if (endpoint->endpoint.id != id) reading.fault_at("id", "is set by the gateway and cannot be changed");
  if (reading.failed()) co_return refuse_body(reading);
  if (endpoint->written_key) endpoint->endpoint.api_key = *std::exchange(endpoint->written_key, std::nullopt);
  keep_base_true(next);
  const Outcome<ModelDoc> saved = co_await records_.save_settled(turn, call, &*current, std::move(next), reading);
  if (!saved) co_return saved.error();
  co_return answer(200, endpoint_fields().show(saved->endpoints[at]));
}

Task<Reply> ModelEndpoints::remove(const Call& call) {
  const RecordDesk::Turn turn = co_await records_.desk().turn();
  const Outcome<ModelDoc> current = co_await records_.find(call.at("id"));
  if (!current) co_return current.error();
  ModelDoc next = *current;
  const auto endpoint = find(next.endpoints, call.at("eid"));
  if (endpoint == next.endpoints.end()) co_return not_found("endpoint", call.at("eid"));
  if (next.endpoints.size() == 1)
    co_return conflict("endpoints", "must keep one: delete or disable the model, or add another endpoint first");
  next.endpoints.erase(endpoint);
  keep_base_true(next);
  Reading reading(ReadMode::change);
  const Outcome<ModelDoc> saved = co_await records_.save_settled(turn, call, &*current, std::move(next), reading);
  if (!saved) co_return saved.error();
  co_return no_content();
}

}  // namespace obleth::admin
