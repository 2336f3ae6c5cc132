#include "admin/desired_state.hpp"

#include <algorithm>
#include <array>

#include "admin/capacity.hpp"
#include "admin/group_fields.hpp"
#include "admin/key_fields.hpp"
#include "admin/mcp_server_fields.hpp"
#include "admin/model_fields.hpp"
#include "admin/shapes.hpp"
#include "admin/tenant_fields.hpp"

namespace obleth::admin {
namespace {

constexpr std::array<std::string_view, 7> sections = {"groups",   "tenants", "models", "mcp_servers",
                                                      "capacity", "prune",   "dry_run"};

// curl -d and others send JSON and YAML under any content type, so the text itself tells what it is.
JsonOutcome parse_document(const std::string& text, std::string_view content_type) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  const bool is_json = first != std::string::npos && text[first] == '{' && !content_type.contains("yaml");
  return is_json ? parse_json(text) : parse_yaml(text);
}

void take_named(StatedItems& items, StatedItem item, std::string_view name_field, Reading& reading) {
  const std::string name = item.name;
  if (has_nul(name))
    reading.fault_at(name_field, nul_problem);
  else if (!items.add(std::move(item)))
    reading.fault("names \"" + name + "\" a second time");
}

// A list of resources, or an object of them by name, in the schema of an existing resource to change.
Json section_of(Json item) {
  const Json list = Json::object({{"type", "array"}, {"items", item}});
  const Json by_name = Json::object({{"type", "object"}, {"additionalProperties", std::move(item)}});
  return Json::object({{"anyOf", Json::list({list, by_name})}});
}

Json tenant_schema() {
  Json schema = tenant_fields().schema(SchemaKind::change);
  schema.set("additionalProperties", false);
  Json properties = *schema.find("properties");
  properties.set("keys", section_of(reference_to("KeyChange")));
  schema.set("properties", std::move(properties));
  return schema;
}

}  // namespace

bool StatedItems::add(StatedItem item) {
  if (!names_.insert(item.name).second) return false;
  items_.push_back(std::move(item));
  return true;
}

void StatedItems::add_nameless(StatedItem item, std::string_view name_field) {
  item.body.set(std::string(name_field), "nameless");
  items_.push_back(std::move(item));
}

StatedItems stated_items(const Json& section, std::string_view name_field, Reading& reading) {
  StatedItems items;
  if (const Json::Object* members = section.members()) {
    for (const auto& [name, body] : *members) {
      const auto inside = reading.member(name);
      StatedItem item{.name = name, .body = body, .step = "." + name};
      if (item.body.members() == nullptr) {
        reading.fault("must be an object");
        continue;
      }
      if (item.body.find(name_field) == nullptr) item.body.set(std::string(name_field), name);
      take_named(items, std::move(item), name_field, reading);
    }
    return items;
  }
  if (section.items() == nullptr) {
    reading.fault("must be a list, or an object of names");
    return items;
  }
  for (std::size_t at = 0; at < section.items()->size(); ++at) {
    const auto inside = reading.item(at);
    const Json& body = (*section.items())[at];
    const Json* name = body.find(name_field);
    const std::string step = "[" + std::to_string(at) + "]";
    if (body.members() == nullptr) {
      reading.fault("must be an object");
    } else if (name == nullptr || name->is_null()) {
      reading.fault_at(name_field, "is required: names tell resources apart");
      items.add_nameless({.name = {}, .body = body, .step = step}, name_field);
    } else if (name->text() == nullptr) {
      reading.fault_at(name_field, "must be text: put it in quotes");
    } else {
      take_named(items, {.name = *name->text(), .body = body, .step = step}, name_field, reading);
    }
  }
  return items;
}

Outcome<Json> read_document(const std::string& text, std::string_view content_type, Reading& reading) {
  JsonOutcome document = parse_document(text, content_type);
  if (!document) return std::unexpected(refuse(400, "invalid_document", document.error()));
  if (document->members() == nullptr) {
    reading.fault("must be an object with groups, tenants, models, mcp_servers or capacity");
    return std::unexpected(refuse_body(reading));
  }
  for (const Json::Member& member : *document->members()) {
    if (std::ranges::find(sections, member.first) == sections.end())
      reading.fault_at(member.first, "is no section of this document");
  }
  return std::move(*document);
}

bool stated_switch(const Json& document, std::string_view name, Reading& reading) {
  const Json* value = document.find(name);
  if (value == nullptr) return false;
  if (value->boolean() != nullptr) return *value->boolean();
  reading.fault_at(name, "must be true or false");
  return false;
}

void describe_desired_state(RouteTable& table) {
  const Json truth = Json::object({{"type", "boolean"}});
  Json capacity = capacity_fields().schema(SchemaKind::replace);
  capacity.set("type", Json::list({"object", "integer"}));
  capacity.set("minimum", 1);
  capacity.set("maximum", slots_max);
  table.describe("StatedTenant", tenant_schema());
  table.describe(
      "DesiredState",
      Json::object({{"type", "object"},
                    {"properties", Json::object({{"groups", section_of(reference_to("GroupChange"))},
                                                 {"tenants", section_of(reference_to("StatedTenant"))},
                                                 {"models", section_of(reference_to("ModelChange"))},
                                                 {"mcp_servers", section_of(reference_to("McpServerChange"))},
                                                 {"capacity", std::move(capacity)},
                                                 {"prune", truth},
                                                 {"dry_run", truth}})},
                    {"additionalProperties", false}}));
}

}  // namespace obleth::admin
