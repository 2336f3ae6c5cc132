// openapi.json (3.1), written from the table that routes.
#include <algorithm>
#include <utility>

#include "admin/route.hpp"

namespace obleth::admin {
namespace {

std::string_view meaning_of(int status) {
  switch (status) {
    case 200:
      return "Done.";
    case 201:
      return "Created.";
    case 204:
      return "Done; there is nothing to tell.";
    case 400:
      return "The request is not valid; every fault is listed.";
    case 401:
      return "No admin token, or an unknown one.";
    case 403:
      return "The token's role may not do this.";
    case 404:
      return "There is no such thing.";
    case 405:
      return "The method does not fit the path.";
    case 408:
      return "The body did not arrive in time.";
    case 409:
      return "The name is taken, or the thing is still referenced.";
    case 413:
      return "The body is larger than 16 MiB.";
    case 429:
      return "There are as many streams as there may be.";
    case 502:
      return "The upstream could not be asked.";
    case 503:
      return "A store cannot answer now, or the gateway is not ready.";
    default:
      return "Something went wrong.";
  }
}

Json content_of(const std::vector<std::string>& types, const std::string& schema) {
  Json content = Json::object();
  for (const std::string& type : types)
    content.set(type, Json::object({{"schema", reference_to(schema)}}));
  return content;
}

Json response(int status, const Json& content) {
  Json response = Json::object({{"description", meaning_of(status)}});
  if (!content.is_null()) response.set("content", content);
  return response;
}

// What a route may answer beside its success.
std::vector<int> error_statuses(const Route& route) {
  std::vector<int> statuses = route.errors;
  if (route.access != Access::open) statuses.insert(statuses.end(), {400, 401, 500, 503});
  if (route.access == Access::admin) statuses.push_back(403);
  if (route.body != BodyKind::none) statuses.insert(statuses.end(), {408, 413});
  if (route.pattern.contains('{')) statuses.push_back(404);
  std::ranges::sort(statuses);
  statuses.erase(std::ranges::unique(statuses).begin(), statuses.end());
  return statuses;
}

Json responses_of(const Route& route) {
  const bool has_content = !route.response_schema.empty();
  Json responses = Json::object();
  Json success = response(route.status, has_content ? content_of(route.response_types, route.response_schema) : Json());
  if (route.changes()) {
    const Json warning = Json::object({{"$ref", "#/components/headers/Warning"}});
    success.set("headers", Json::object({{"Warning", warning}}));
  }
  responses.set(std::to_string(route.status), std::move(success));
  for (const int status : error_statuses(route))
    responses.set(std::to_string(status), response(status, content_of({"application/json"}, "Error")));
  return responses;
}

Json parameters_of(const Route& route) {
  Json parameters = Json::list();
  for (std::size_t open = route.pattern.find('{'); open != std::string::npos;
       open = route.pattern.find('{', open + 1)) {
    const std::string name = route.pattern.substr(open + 1, route.pattern.find('}', open) - open - 1);
    parameters.append(Json::object(
        {{"name", name}, {"in", "path"}, {"required", true}, {"schema", Json::object({{"type", "string"}})}}));
  }
  for (const Parameter& parameter : route.query) {
    parameters.append(Json::object({{"name", parameter.name},
                                    {"in", "query"},
                                    {"required", false},
                                    {"description", parameter.description},
                                    {"schema", parameter.schema}}));
  }
  return parameters;
}

// "GET /api/v1/tenants/{id}/keys" becomes "get_tenants_id_keys".
std::string operation_id(const Route& route) {
  std::string id;
  for (const char c : route.method)
    id += static_cast<char>(c + 32);
  const std::string_view path =
      std::string_view(route.pattern).substr(route.pattern.starts_with(api_prefix) ? api_prefix.size() : 0);
  for (const char c : path) {
    if (c == '/' || c == '-' || c == '.')
      id += '_';
    else if (c != '{' && c != '}')
      id += c;
  }
  return id;
}

// No body is read as an empty object; a document is always wanted.
Json request_body(const Route& route, const RouteTable& table) {
  std::vector<std::string> types{"application/json"};
  if (route.body == BodyKind::raw) types.emplace_back("application/yaml");
  const auto schema = table.schemas().find(route.request_schema);
  const bool has_members_to_give = schema != table.schemas().end() && schema->second.find("required") != nullptr;
  return Json::object({{"required", route.body == BodyKind::raw || has_members_to_give},
                       {"content", content_of(types, route.request_schema)}});
}

Json operation(const Route& route, const RouteTable& table) {
  Json operation = Json::object(
      {{"operationId", operation_id(route)}, {"summary", route.summary}, {"tags", Json::list({route.tag})}});
  if (route.access == Access::open) operation.set("security", Json::list());
  if (Json parameters = parameters_of(route); !parameters.items()->empty())
    operation.set("parameters", std::move(parameters));
  if (route.body != BodyKind::none) operation.set("requestBody", request_body(route, table));
  operation.set("responses", responses_of(route));
  return operation;
}

}  // namespace

Json openapi_document(const RouteTable& table, const std::string& version) {
  Json paths = Json::object();
  for (const Route& route : table.routes()) {
    std::string method = route.method;
    std::ranges::transform(method, method.begin(), [](char c) { return static_cast<char>(c + 32); });
    const Json* before = paths.find(route.pattern);
    Json operations = before == nullptr ? Json::object() : *before;
    operations.set(std::move(method), operation(route, table));
    paths.set(route.pattern, std::move(operations));
  }
  Json schemas = Json::object();
  for (const auto& [name, schema] : table.schemas())
    schemas.set(name, schema);
  const Json warning = Json::object({{"description",
                                      "The change is done, but the other replicas could not be told of it: they find "
                                      "it by asking the record, every 5 seconds."},
                                     {"schema", Json::object({{"type", "string"}})}});
  const Json bearer = Json::object({{"type", "http"}, {"scheme", "bearer"}, {"description", "An admin token."}});
  return Json::object({{"openapi", "3.1.0"},
                       {"info", Json::object({{"title", "obleth Management API"}, {"version", version}})},
                       {"security", Json::list({Json::object({{"adminToken", Json::list()}})})},
                       {"paths", std::move(paths)},
                       {"components", Json::object({{"schemas", std::move(schemas)},
                                                    {"headers", Json::object({{"Warning", warning}})},
                                                    {"securitySchemes", Json::object({{"adminToken", bearer}})}})}});
}

}  // namespace obleth::admin
