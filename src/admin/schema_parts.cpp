#include "admin/schema_parts.hpp"

#include <utility>

namespace obleth::admin {

Json closed_schema(Json::Object properties, Json type) {
  Json required = Json::list();
  for (const Json::Member& property : properties)
    required.append(property.first);
  return Json::object({{"type", std::move(type)},
                       {"properties", std::move(properties)},
                       {"required", std::move(required)},
                       {"additionalProperties", false}});
}

Json with_secret_schema(std::string member, Json resource) {
  return closed_schema(
      {{std::move(member), std::move(resource)}, {"secret", typed("string", "Shown this once, never again.")}});
}

Json described(Json schema, const char* meaning) {
  schema.set("description", meaning);
  return schema;
}

Json typed(const char* type, const char* meaning) {
  return described(Json::object({{"type", type}}), meaning);
}

Json nullable_typed(const char* type, const char* meaning) {
  return described(Json::object({{"type", Json::list({type, "null"})}}), meaning);
}

}  // namespace obleth::admin
