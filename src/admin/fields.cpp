#include "admin/fields.hpp"

namespace obleth::admin {
namespace {

bool read_only(FieldAccess access) {
  return access == FieldAccess::fixed || access == FieldAccess::live;
}

bool stands_in(const FieldSketch& field, SchemaKind kind) {
  if (kind == SchemaKind::answer) return field.access != FieldAccess::secret;
  if (kind == SchemaKind::create) return !read_only(field.access);
  return true;
}

bool required_in(const FieldSketch& field, SchemaKind kind) {
  switch (kind) {
    case SchemaKind::answer:
      return field.always_shown;
    case SchemaKind::change:
      return false;
    default:
      return field.required;
  }
}

Json property(const FieldSketch& field, SchemaKind kind) {
  Json schema = field.schema;
  if (read_only(field.access) && kind != SchemaKind::answer) schema.set("readOnly", true);
  if (field.access == FieldAccess::secret) schema.set("writeOnly", true);
  if (kind != SchemaKind::answer && cleared_by_null(field)) schema = or_null(std::move(schema));
  return schema;
}

}  // namespace

Json object_schema(std::span<const FieldSketch> fields, SchemaKind kind) {
  Json properties = Json::object();
  Json required = Json::list();
  for (const FieldSketch& field : fields) {
    if (!stands_in(field, kind)) continue;
    properties.set(field.name, property(field, kind));
    if (required_in(field, kind)) required.append(field.name);
  }
  Json schema = Json::object({{"type", "object"}, {"properties", std::move(properties)}});
  if (!required.items()->empty()) schema.set("required", std::move(required));
  schema.set("additionalProperties", false);
  return schema;
}

bool refused_here(const FieldSketch& field, ReadMode mode) {
  return mode == ReadMode::create && read_only(field.access);
}

bool reset_by_absence(const FieldSketch& field, ReadMode mode) {
  return mode != ReadMode::change && !field.kept_when_absent;
}

bool cleared_by_null(const FieldSketch& field) {
  return field.access == FieldAccess::writable && !field.required;
}

bool take_members(const Json& body, std::span<const FieldSketch> fields, Reading& reading) {
  const Json::Object* members = body.members();
  if (members == nullptr) {
    reading.fault("must be an object");
    return false;
  }
  for (const Json::Member& member : *members) {
    const auto field = std::ranges::find(fields, member.first, &FieldSketch::name);
    if (field == fields.end())
      reading.fault_at(member.first, "is not a field here");
    else if (refused_here(*field, reading.mode()))
      reading.fault_at(member.first, "is set by the gateway: leave it out");
  }
  for (const FieldSketch& field : fields) {
    if (field.required && reading.mode() != ReadMode::change && body.find(field.name) == nullptr)
      reading.fault_at(field.name, "is required");
  }
  return true;
}

}  // namespace obleth::admin
