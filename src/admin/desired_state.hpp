// The document that apply takes and export gives: groups, tenants with their keys, models, MCP servers, capacity.
//
// A section is a list of objects that hold their name, or an object of names and objects. Pure; any thread.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "admin/json.hpp"
#include "admin/reading.hpp"
#include "admin/reply.hpp"
#include "admin/route.hpp"

namespace obleth::admin {

// One resource as the document states it.
struct StatedItem {
  std::string name;
  Json body;         // with its name
  std::string step;  // where it stands in its section: "[0]", ".chatbot"
};

// The resources of a section, each name once, in the order of the document.
class StatedItems {
 public:
  // False: one of that name is there already.
  [[nodiscard]] bool add(StatedItem item);
  // That it has no name has been told; it is read as a new one of some name, for its other faults.
  void add_nameless(StatedItem item, std::string_view name_field);
  [[nodiscard]] bool contains(std::string_view name) const { return names_.contains(name); }
  [[nodiscard]] auto begin() const { return items_.begin(); }
  [[nodiscard]] auto end() const { return items_.end(); }

 private:
  std::vector<StatedItem> items_;
  std::set<std::string, std::less<>> names_;
};

// By name_field; faults for those without a name and for names that stand twice.
[[nodiscard]] StatedItems stated_items(const Json& section, std::string_view name_field, Reading& reading);

// JSON or YAML, by the content type that says yaml, else by the first character. Refused: what is no object. Unknown
// sections are faults.
[[nodiscard]] Outcome<Json> read_document(const std::string& text, std::string_view content_type, Reading& reading);

// A switch of the document: prune, dry_run. Absent is false.
[[nodiscard]] bool stated_switch(const Json& document, std::string_view name, Reading& reading);

// "DesiredState" and the schemas that it is made of.
void describe_desired_state(RouteTable& table);

}  // namespace obleth::admin
