// The one table of routes: from it requests are routed, and from it openapi.json is written, so they cannot disagree.
//
// Thread: filled once, then immutable; any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/call.hpp"
#include "admin/fields.hpp"
#include "admin/json.hpp"
#include "admin/reply.hpp"
#include "base/task.hpp"
#include "ports/http_service.hpp"

namespace obleth::admin {

inline constexpr std::string_view api_prefix = "/api/v1";

enum class Access : std::uint8_t { open, viewer, admin };
enum class BodyKind : std::uint8_t {
  none,
  json,
  raw  // the route reads it itself
};

struct Parameter {
  std::string name;
  Json schema;
  std::string description;
};

// Declared in one breath: get("/tenants", "List tenants").lists("Tenant").answered_by(this, &Tenants::list)
struct Route {
  std::string method;
  std::string pattern;  // "/api/v1/tenants/{id}"
  std::string summary;
  std::string tag;  // the table's section
  Access access = Access::admin;
  // Calls outlive the task. Exactly one of answer and stream is set.
  std::function<Task<Reply>(const Call&)> answer;
  std::function<Task<void>(const Call&, ports::ClientExchange&)> stream;
  BodyKind body = BodyKind::none;
  std::string request_schema;
  std::string response_schema;  // empty: no content
  std::vector<std::string> response_types = {"application/json"};
  int status = 204;
  std::vector<int> errors;  // beyond those that every route of its access may answer
  std::vector<Parameter> query;

  // Its answer may come with a warning: its change is done, and the other replicas could not be told.
  [[nodiscard]] bool changes() const { return access == Access::admin && method != "GET"; }

  Route&& open(std::string whole_path) &&;                      // needs no token
  Route&& takes(std::string schema) &&;                         // a JSON body
  Route&& takes_raw(std::string schema) &&;                     // JSON or YAML, read by the route itself
  Route&& gives(std::string schema, int with_status = 200) &&;  // a JSON answer
  Route&& gives_text(std::string schema, std::string type) &&;  // an answer of another type
  Route&& also_as(std::string type) &&;                         // the same answer in another spelling
  Route&& lists(const std::string& schema) &&;                  // one page of rows: schema + "List"
  Route&& asks(std::vector<Parameter> parameters) &&;           // in the query
  Route&& may_answer(std::vector<int> statuses) &&;
  Route&& answered_by(std::function<Task<Reply>(const Call&)> action) &&;
  template <class Resource>
  Route&& answered_by(Resource* resource, Task<Reply> (Resource::*member)(const Call&)) && {
    answer = [resource, member](const Call& call) { return (resource->*member)(call); };
    return std::move(*this);
  }
};

// path: below the prefix. Reading is a viewer's right, everything else an admin's.
[[nodiscard]] Route get(std::string_view path, std::string summary);
[[nodiscard]] Route post(std::string_view path, std::string summary);
[[nodiscard]] Route put(std::string_view path, std::string summary);
[[nodiscard]] Route patch(std::string_view path, std::string summary);
[[nodiscard]] Route del(std::string_view path, std::string summary);

// {"data": [item…], "next_cursor": "…" or null}, as the schema of a list of schema_name.
[[nodiscard]] Json list_of_schema(const std::string& schema_name);
[[nodiscard]] Json reference_to(const std::string& schema_name);

struct RouteMatch {
  const Route* route = nullptr;
  std::vector<NamedText> path;
  std::string allowed_methods;  // where only the method does not fit; empty: no such path
};

class RouteTable {
 public:
  // What follows is listed under this heading.
  void section(std::string tag) { tag_ = std::move(tag); }
  void add(Route route);
  void describe(std::string schema_name, Json schema);
  // The schemas of a resource: Tenant, TenantList, TenantCreate, TenantReplace, TenantChange.
  template <class Record>
  void describe_resource(const std::string& name, const Fields<Record>& fields) {
    describe(name, fields.schema(SchemaKind::answer));
    describe(name + "List", list_of_schema(name));
    describe(name + "Create", fields.schema(SchemaKind::create));
    describe(name + "Replace", fields.schema(SchemaKind::replace));
    describe(name + "Change", fields.schema(SchemaKind::change));
  }

  // path: raw, without the query. HEAD matches GET, but for streams.
  [[nodiscard]] RouteMatch match(std::string_view method, std::string_view path) const;
  [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }
  [[nodiscard]] const std::map<std::string, Json>& schemas() const { return schemas_; }

 private:
  std::string tag_;
  std::vector<Route> routes_;
  std::vector<std::vector<std::string>> segments_;  // of each route's pattern
  std::map<std::string, Json> schemas_;
};

// %41 → A; nullopt where an escape is broken or hides a NUL byte, and where the outcome is no UTF-8.
[[nodiscard]] std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space);

// openapi.json, 3.1.
[[nodiscard]] Json openapi_document(const RouteTable& table, const std::string& version);

}  // namespace obleth::admin
