#include "adapters/sql/endpoint_table.hpp"

#include <unordered_map>

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

Endpoint EndpointTable::read(QueryRow& row) const {
  Endpoint endpoint;
  endpoint.id = row.id<EndpointId>();
  endpoint.api_base = row.text();
  endpoint.api_key = seal_.open(row, endpoint.id.bits, "api_key");
  endpoint.priority = row.small_integer();
  endpoint.enabled = row.flag();
  return endpoint;
}

void EndpointTable::read_into(std::span<Model> models) const {
  if (models.empty()) return;
  std::unordered_map<ModelId, Model*> owners;
  for (Model& model : models)
    owners.emplace(model.id, &model);
  Query list(session_,
             "SELECT model_id, id, api_base, sealed_api_key, priority, enabled FROM endpoints WHERE model_id IN"
             " (SELECT id FROM models WHERE (created_at, id) >= (?, ?) AND (created_at, id) <= (?, ?))"
             " ORDER BY model_id, position");
  list.bind(models.front().created_at).bind(models.front().id);
  list.bind(models.back().created_at).bind(models.back().id);
  while (list.step()) {
    QueryRow row(list);
    const auto owner = owners.find(row.id<ModelId>());
    if (owner != owners.end()) owner->second->endpoints.push_back(read(row));
  }
}

}  // namespace obleth::adapters
