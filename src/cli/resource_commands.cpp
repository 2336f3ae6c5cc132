#include "cli/resource_commands.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <utility>
#include <vector>

#include "base/strong_id.hpp"
#include "cli/field_flags.hpp"

namespace obleth::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t rows_max = 100'000;

// What the arguments of one command said; shared by the parser and the command.
struct Words {
  std::string name;
  std::string owner;  // a tenant, where a noun has owners
  FieldTexts fields;
  std::size_t limit = rows_max;
};

std::string text_member(const json::value& row, std::string_view member) {
  const json::value* value = row.is_object() ? row.as_object().if_contains(member) : nullptr;
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

const Resource& tenants() {
  return resources().front();
}

Result<std::string> list_path(const AdminClient& client, const Resource& resource, const std::string& owner) {
  if (owner.empty()) return std::string(resource.collection);
  Result<std::string> path = path_of(client, tenants(), owner);
  if (path) *path += "/" + std::string(resource.noun) + "s";
  return path;
}

void add_list(CLI::App& noun, const Resource& resource, Chosen& chosen) {
  const auto words = std::make_shared<Words>();
  CLI::App& verb = *noun.add_subcommand("list", "all of them");
  verb.add_option("--name", words->name, "only what has this in its name");
  verb.add_option("--limit", words->limit, "rows at most");
  if (!resource.owner_collection.empty()) verb.add_option("--tenant", words->owner, "only those of this tenant");
  verb.callback([&chosen, &resource, words] {
    chosen.command = [&resource, words](const AdminClient& client, Report& report) -> Result<void> {
      const Result<std::string> path = list_path(client, resource, words->owner);
      if (!path) return fail(path.error());
      const std::string query = words->name.empty() ? "" : "&name=" + percent_encoded(words->name);
      const Result<json::array> rows = client.list(*path, query, words->limit);
      if (!rows) return fail(rows.error());
      report.rows(*rows, resource.columns);
      return {};
    };
  });
}

void add_show(CLI::App& noun, const Resource& resource, Chosen& chosen) {
  const auto words = std::make_shared<Words>();
  CLI::App& verb = *noun.add_subcommand("show", "one of them, whole");
  verb.add_option("name", words->name, "its name or id")->required();
  verb.callback([&chosen, &resource, words] {
    chosen.command = [&resource, words](const AdminClient& client, Report& report) -> Result<void> {
      const Result<std::string> path = path_of(client, resource, words->name);
      if (!path) return fail(path.error());
      const Result<json::value> row = client.get(*path);
      if (!row) return fail(row.error());
      report.record(*row);
      return {};
    };
  });
}

void add_create(CLI::App& noun, const Resource& resource, Chosen& chosen) {
  const auto words = std::make_shared<Words>();
  CLI::App& verb = *noun.add_subcommand("create", "a new one");
  if (!resource.owner_collection.empty()) verb.add_option("tenant", words->owner, "whose it is")->required();
  verb.add_option("name", words->name, "its name")->required();
  add_field_flags(verb, resource.fields, words->fields);
  verb.callback([&chosen, &resource, words] {
    chosen.command = [&resource, &chosen, words](const AdminClient& client, Report& report) -> Result<void> {
      Result<json::object> body = body_of(words->fields, resource.fields, chosen.in);
      if (!body) return fail(std::move(body.error()));
      (*body)[resource.name_member] = words->name;
      const Result<std::string> path = list_path(client, resource, words->owner);
      if (!path) return fail(path.error());
      const Result<json::value> made = client.write("POST", *path, *body);
      if (!made) return fail(made.error());
      report.record(*made);
      return {};
    };
  });
}

void add_set(CLI::App& noun, const Resource& resource, Chosen& chosen) {
  const auto words = std::make_shared<Words>();
  CLI::App& verb = *noun.add_subcommand("set", "change what is named, at once; none takes a limit off");
  verb.add_option("name", words->name, "its name or id")->required();
  std::vector<FieldFlag> fields(resource.fields.begin(), resource.fields.end());
  fields.push_back({resource.name_member, FieldKind::text, "another name"});
  add_field_flags(verb, fields, words->fields);
  verb.callback([&chosen, &resource, words, fields] {
    chosen.command = [&resource, &chosen, words, fields](const AdminClient& client, Report& report) -> Result<void> {
      const Result<json::object> changes = body_of(words->fields, fields, chosen.in);
      if (!changes) return fail(changes.error());
      if (changes->empty()) return fail(client_fault(FaultKind::invalid, "nothing to set: name a field (see --help)"));
      const Result<std::string> path = path_of(client, resource, words->name);
      if (!path) return fail(path.error());
      const Result<json::value> row = client.write("PATCH", *path, *changes);
      if (!row) return fail(row.error());
      report.record(*row);
      return {};
    };
  });
}

void add_delete(CLI::App& noun, const Resource& resource, Chosen& chosen) {
  const auto words = std::make_shared<Words>();
  CLI::App& verb = *noun.add_subcommand("delete", "take it away; running requests finish");
  verb.add_option("name", words->name, "its name or id")->required();
  verb.callback([&chosen, &resource, words] {
    chosen.command = [&resource, words](const AdminClient& client, Report& report) -> Result<void> {
      const Result<std::string> path = path_of(client, resource, words->name);
      if (!path) return fail(path.error());
      const Result<json::value> gone = client.ask({.method = "DELETE", .path = *path});
      if (!gone) return fail(gone.error());
      report.done(std::string(resource.noun) + " " + words->name + " deleted", {{"deleted", words->name}});
      return {};
    };
  });
}

}  // namespace

Result<std::string> path_of(const AdminClient& client, const Resource& resource, const std::string& name) {
  const std::string below = std::string(resource.collection) + "/";
  if (resource.path_takes_name || bits128_from_text(name)) return below + percent_encoded(name);
  const Result<json::array> rows =
      client.list(std::string(resource.collection), "&name=" + percent_encoded(name), rows_max);
  if (!rows) return fail(rows.error());
  std::string id;
  std::size_t found = 0;
  for (const json::value& row : *rows) {
    if (text_member(row, resource.name_member) != name) continue;
    id = text_member(row, "id");
    ++found;
  }
  const std::string what = std::string(resource.noun) + " " + name;
  if (found == 0) {
    return fail({FaultKind::not_found, FaultSource::client, false, "there is no " + what, "name"});
  }
  if (found > 1) {
    return fail({FaultKind::conflict, FaultSource::client, false, "more than one " + what + ": give its id", "name"});
  }
  return below + id;
}

CLI::App& add_resource_commands(CLI::App& app, const Resource& resource, Chosen& chosen) {
  CLI::App& noun = *app.add_subcommand(std::string(resource.noun), std::string(resource.help));
  noun.require_subcommand(1);
  add_list(noun, resource, chosen);
  if (resource.changes) add_show(noun, resource, chosen);
  add_create(noun, resource, chosen);
  if (resource.changes) add_set(noun, resource, chosen);
  add_delete(noun, resource, chosen);
  return noun;
}

}  // namespace obleth::cli
