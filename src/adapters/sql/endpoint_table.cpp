#include "adapters/sql/endpoint_table.hpp"

#include <utility>

#include "adapters/sql/query.hpp"

namespace obleth::adapters {

void EndpointTable::replace(ModelId model, const std::vector<Endpoint>& endpoints) const {
  Query remove(session_, "DELETE FROM endpoints WHERE model_id = ?");
  remove.bind(model).run();
  std::int64_t position = 0;
  for (const Endpoint& endpoint : endpoints) {
    Query add(session_,
              "INSERT INTO endpoints (id, model_id, position, api_base, sealed_api_key, priority, enabled)"
              " VALUES (?, ?, ?, ?, ?, ?, ?)");
    add.bind(endpoint.id).bind(model).bind(position++).bind(endpoint.api_base);
    add.bind(seal_.seal(endpoint.api_key, endpoint.id.bits, "api_key"));
    add.bind(endpoint.priority).bind(endpoint.enabled).run();
  }
}

std::vector<Endpoint> EndpointTable::of(ModelId model) const {
  Query list(session_,
             "SELECT id, api_base, sealed_api_key, priority, enabled FROM endpoints WHERE model_id = ?"
             " ORDER BY position");
  list.bind(model);
  std::vector<Endpoint> endpoints;
  while (list.step()) {
    QueryRow row(list);
    Endpoint endpoint;
    endpoint.id = row.id<EndpointId>();
    endpoint.api_base = row.text();
    endpoint.api_key = seal_.open(row, endpoint.id.bits, "api_key");
    endpoint.priority = row.small_integer();
    endpoint.enabled = row.flag();
    endpoints.push_back(std::move(endpoint));
  }
  return endpoints;
}

}  // namespace obleth::adapters
