// A resource declared once, field by field: reading a body, showing a record, the audit log's difference and the
// schemas of openapi.json all come from this one declaration.
//
// Thread: built once, then immutable; any thread.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admin/codec.hpp"
#include "admin/json.hpp"
#include "admin/reading.hpp"

namespace obleth::admin {

enum class FieldAccess : std::uint8_t {
  writable,
  fixed,  // set by the gateway once: a body may repeat it, not change it
  live,   // told by the gateway, changes by itself: a body may hold any value of it
  secret  // written, never shown
};

enum class SchemaKind : std::uint8_t {
  answer,
  create,
  replace,
  change,
  nested  // an object inside another one, in requests and answers alike
};

// What the schemas need of a field.
struct FieldSketch {
  std::string name;
  Json schema;
  FieldAccess access = FieldAccess::writable;
  bool required = false;
  bool always_shown = true;
  bool kept_when_absent = false;  // a replacing body without it leaves it as it is
};

[[nodiscard]] Json object_schema(std::span<const FieldSketch> fields, SchemaKind kind);
// The gateway sets it, and a body that creates something may not hold it.
[[nodiscard]] bool refused_here(const FieldSketch& field, ReadMode mode);
// A body without it sets it to its default.
[[nodiscard]] bool reset_by_absence(const FieldSketch& field, ReadMode mode);
// Null clears: a field that a body may leave out takes its default.
[[nodiscard]] bool cleared_by_null(const FieldSketch& field);
// The body is an object, every member of it is one of these, and none is missing.
[[nodiscard]] bool take_members(const Json& body, std::span<const FieldSketch> fields, Reading& reading);

template <class Record>
struct Field {
  FieldSketch sketch;
  std::function<std::optional<Json>(const Record&)> show;  // absent: not shown
  std::function<void(Record&, const Json&, Reading&)> take;
  std::function<bool(const Record&, const Record&)> same;
  std::function<void(Record&)> reset;  // to the default

  [[nodiscard]] Field required() const {
    Field field = *this;
    field.sketch.required = true;
    return field;
  }
  [[nodiscard]] Field kept_when_absent() const {
    Field field = *this;
    field.sketch.kept_when_absent = true;
    return field;
  }
  [[nodiscard]] Field about(const char* description) const {
    Field field = *this;
    field.sketch.schema.set("description", description);
    return field;
  }
};

// Makes fields of Record. member is a generic lambda: [](auto& record) -> auto& { return record.weight; }
template <class Record>
struct Declare {
  template <class V, class MemberOf>
  [[nodiscard]] static Field<Record> writable(std::string name, Codec<V> codec, MemberOf member) {
    return {.sketch = {.name = std::move(name), .schema = codec.schema},
            .show = [codec, member](const Record& record) { return std::optional(codec.show(member(record))); },
            .take =
                [codec, member](Record& record, const Json& json, Reading& reading) {
                  if (auto value = codec.take(json, reading)) member(record) = std::move(*value);
                },
            .same = [member](const Record& a, const Record& b) { return member(a) == member(b); },
            .reset =
                [member](Record& record) {
                  const Record fresh{};
                  member(record) = member(fresh);
                }};
  }

  template <class V, class MemberOf>
  [[nodiscard]] static Field<Record> fixed(std::string name, Codec<V> codec, MemberOf member) {
    Field<Record> field = writable(std::move(name), codec, member);
    field.sketch.access = FieldAccess::fixed;
    field.take = [codec, member](Record& record, const Json& json, Reading& reading) {
      const auto value = codec.take(json, reading);
      if (value && !(*value == member(record))) reading.fault("is set by the gateway and cannot be changed");
    };
    field.reset = [](Record&) {};
    return field;
  }

  template <class V, class MemberOf>
  [[nodiscard]] static Field<Record> secret(std::string name, Codec<V> codec, MemberOf member) {
    Field<Record> field = writable(std::move(name), codec, member);
    field.sketch.access = FieldAccess::secret;
    field.reset = [](Record&) {};  // absent secrets keep their value
    return field;
  }

  // Told by show; absent when there is nothing to tell and may_be_absent.
  [[nodiscard]] static Field<Record> live(std::string name, Json schema,
                                          std::function<std::optional<Json>(const Record&)> show,
                                          bool may_be_absent = false) {
    return {.sketch = {.name = std::move(name),
                       .schema = std::move(schema),
                       .access = FieldAccess::live,
                       .always_shown = !may_be_absent},
            .show = std::move(show),
            .take = [](Record&, const Json&, Reading&) {},
            .same = [](const Record&, const Record&) { return true; },
            .reset = [](Record&) {}};
  }
};

// What changed, for the audit log: only the members that differ, secrets masked.
struct Difference {
  Json before = Json::object();
  Json after = Json::object();
};

template <class Record>
class Fields {
 public:
  using Check = std::function<void(const Record&, Reading&)>;

  explicit Fields(std::vector<Field<Record>> fields, Check check = {})
      : fields_(std::move(fields)), check_(std::move(check)) {
    for (const Field<Record>& field : fields_)
      sketches_.push_back(field.sketch);
  }

  // As an answer tells it.
  [[nodiscard]] Json show(const Record& record) const {
    Json json = Json::object();
    for (const Field<Record>& field : fields_) {
      if (field.sketch.access == FieldAccess::secret) continue;
      if (auto value = field.show(record)) json.set(field.sketch.name, std::move(*value));
    }
    return json;
  }

  // As the audit log keeps it: secrets masked, live members left out.
  [[nodiscard]] Json kept(const Record& record) const {
    Json json = Json::object();
    for (const Field<Record>& field : fields_) {
      if (field.sketch.access == FieldAccess::live) continue;
      if (auto value = field.show(record)) json.set(field.sketch.name, std::move(*value));
    }
    return json;
  }

  // As a declarative file states it: what can be written and is no secret.
  [[nodiscard]] Json stated(const Record& record) const {
    Json json = Json::object();
    for (const Field<Record>& field : fields_) {
      if (field.sketch.access != FieldAccess::writable) continue;
      if (auto value = field.show(record)) json.set(field.sketch.name, std::move(*value));
    }
    return json;
  }

  [[nodiscard]] Difference difference(const Record& before, const Record& after) const {
    Difference difference;
    for (const Field<Record>& field : fields_) {
      if (field.same(before, after)) continue;
      difference.before.set(field.sketch.name, field.show(before).value_or(Json()));
      difference.after.set(field.sketch.name, field.show(after).value_or(Json()));
    }
    return difference;
  }

  // Reads the body into the record, which holds the current state (or a fresh one, to create).
  void take(Record& record, const Json& body, Reading& reading) const {
    const std::size_t problems_before = reading.problems().size();
    if (!take_members(body, sketches_, reading)) return;
    for (const Field<Record>& field : fields_) {
      if (refused_here(field.sketch, reading.mode())) continue;
      const Json* json = body.find(field.sketch.name);
      if (json != nullptr && !(json->is_null() && cleared_by_null(field.sketch))) {
        const auto inside = reading.member(field.sketch.name);
        field.take(record, *json, reading);
      } else if (json != nullptr || reset_by_absence(field.sketch, reading.mode())) {
        field.reset(record);
      }
    }
    if (check_ && reading.problems().size() == problems_before) check_(record, reading);
  }

  // The fields of these names, in this declaration's order.
  [[nodiscard]] Fields only(std::initializer_list<std::string_view> names) const {
    std::vector<Field<Record>> some;
    for (const Field<Record>& field : fields_) {
      if (std::ranges::find(names, field.sketch.name) != names.end()) some.push_back(field);
    }
    return Fields(std::move(some), check_);
  }
  [[nodiscard]] Fields all_required() const {
    std::vector<Field<Record>> fields;
    for (const Field<Record>& field : fields_)
      fields.push_back(field.required());
    return Fields(std::move(fields), check_);
  }

  [[nodiscard]] Json schema(SchemaKind kind) const { return object_schema(sketches_, kind); }
  [[nodiscard]] const std::vector<FieldSketch>& sketches() const { return sketches_; }  // for tests

 private:
  std::vector<Field<Record>> fields_;
  std::vector<FieldSketch> sketches_;
  Check check_;
};

// An object inside another one; replaced as a whole.
template <class Record>
[[nodiscard]] Codec<Record> object_of(Fields<Record> fields) {
  return {.schema = fields.schema(SchemaKind::nested),
          .show = [fields](const Record& record) { return fields.show(record); },
          .take = [fields](const Json& json, Reading& reading) -> std::optional<Record> {
            const std::size_t problems_before = reading.problems().size();
            Record record{};
            const ReadMode mode = reading.mode();
            if (mode == ReadMode::change) reading.set_mode(ReadMode::replace);
            fields.take(record, json, reading);
            reading.set_mode(mode);
            return reading.problems().size() == problems_before ? std::optional(std::move(record)) : std::nullopt;
          }};
}

}  // namespace obleth::admin
