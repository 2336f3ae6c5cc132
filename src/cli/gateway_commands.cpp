#include "cli/gateway_commands.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <istream>
#include <memory>
#include <sstream>

#include "base/whole_file.hpp"
#include "cli/resource.hpp"
#include "cli/resource_commands.hpp"

namespace obleth::cli {
namespace {

namespace json = boost::json;

constexpr const char* capacity_path = "/api/v1/capacity";

const Resource& resource_of(std::string_view noun) {
  return *std::ranges::find(resources(), noun, &Resource::noun);
}

// A command that asks one thing and shows the answer.
Command showing(AdminRequest request) {
  return [request](const AdminClient& client, Report& report) -> Result<void> {
    const Result<json::value> answer = client.ask(request);
    if (!answer) return fail(answer.error());
    report.record(*answer);
    return {};
  };
}

void add_capacity(CLI::App& app, Chosen& chosen) {
  CLI::App& noun = *app.add_subcommand("capacity", "slots: requests at the upstreams at a time");
  noun.require_subcommand(1);
  noun.add_subcommand("show", "how many there are")->callback([&chosen] {
    chosen.command = showing({.path = capacity_path});
  });
  const auto slots = std::make_shared<std::uint64_t>();
  CLI::App& set = *noun.add_subcommand("set", "change it, at once");
  set.add_option("max_in_flight", *slots, "slots")->required();
  set.callback([&chosen, slots] {
    const json::object body{{"max_in_flight", *slots}};
    chosen.command = showing({.method = "PUT", .path = capacity_path, .body = json::serialize(body)});
  });
}

struct AuditWords {
  std::string actor;
  std::string action;
  std::string target;
  std::string since;
  std::string until;
  std::size_t limit = 50;
};

void add_audit(CLI::App& app, Chosen& chosen) {
  static constexpr std::array columns{
      Column{"AT", "at"},         Column{"ACTOR", "actor"},        Column{"FROM", "remote_address"},
      Column{"ACTION", "action"}, Column{"TARGET", "target_name"}, Column{"BEFORE", "before"},
      Column{"AFTER", "after"}};
  const auto words = std::make_shared<AuditWords>();
  CLI::App& noun = *app.add_subcommand("audit", "who changed what");
  noun.require_subcommand(1);
  CLI::App& list = *noun.add_subcommand("list", "the latest first");
  list.add_option("--actor", words->actor, "only what this admin token did");
  list.add_option("--action", words->action, "only this, such as tenant.create");
  list.add_option("--target", words->target, "only about this");
  list.add_option("--since", words->since, "not before (RFC 3339)");
  list.add_option("--until", words->until, "not after");
  list.add_option("--limit", words->limit, "rows at most");
  list.callback([&chosen, words] {
    chosen.command = [words](const AdminClient& client, Report& report) -> Result<void> {
      std::string query;
      const std::array filters{std::pair{"actor", words->actor}, std::pair{"action", words->action},
                               std::pair{"target", words->target}, std::pair{"since", words->since},
                               std::pair{"until", words->until}};
      for (const auto& [name, value] : filters) {
        if (!value.empty()) query += std::string("&") + name + "=" + percent_encoded(value);
      }
      const Result<json::array> rows = client.list("/api/v1/audit", query, words->limit);
      if (!rows) return fail(rows.error());
      report.rows(*rows, columns);
      return {};
    };
  });
}

Result<std::string> read_file(const std::string& path, std::istream& standard_input) {
  if (path == "-") {
    std::stringstream text;
    text << standard_input.rdbuf();
    return text.str();
  }
  return read_whole_file(path);
}

struct ApplyWords {
  std::string file;
  bool dry_run = false;
};

void add_apply(CLI::App& app, Chosen& chosen) {
  const auto words = std::make_shared<ApplyWords>();
  CLI::App& verb = *app.add_subcommand("apply", "bring the gateway to the state that a YAML file describes");
  verb.add_option("-f,--file", words->file, "the file; - is standard input")->required();
  verb.add_flag("--dry-run", words->dry_run, "tell what would change, change nothing");
  verb.callback([&chosen, words] {
    chosen.command = [&chosen, words](const AdminClient& client, Report& report) -> Result<void> {
      Result<std::string> text = read_file(words->file, chosen.in);
      if (!text) return fail(std::move(text.error()));
      const Result<json::value> outcome =
          client.ask({.method = "POST",
                      .path = words->dry_run ? "/api/v1/apply?dry_run=true" : "/api/v1/apply",
                      .body = std::move(*text),
                      .content_type = "application/yaml"});
      if (!outcome) return fail(outcome.error());
      report.record(*outcome);
      return {};
    };
  });
}

void add_export(CLI::App& app, Chosen& chosen) {
  app.add_subcommand("export", "the whole configuration as a file for apply, without secrets")->callback([&chosen] {
    chosen.command = [&chosen](const AdminClient& client, Report& report) -> Result<void> {
      const Result<std::string> text = client.text(chosen.as_json ? "/api/v1/export" : "/api/v1/export?format=yaml");
      if (!text) return fail(text.error());
      report.raw(*text);
      return {};
    };
  });
}

// The exchange was made and is told; that it came to nothing is told by "error", and by the exit code.
Result<void> told_fault(const json::value& outcome) {
  const json::object* members = outcome.if_object();
  const json::value* error = members == nullptr ? nullptr : members->if_contains("error");
  if (error == nullptr || !error->is_string()) return {};
  return fail(upstream_fault(FaultKind::unavailable, std::string(error->as_string()), false));
}

}  // namespace

void add_gateway_commands(CLI::App& app, Chosen& chosen) {
  add_capacity(app, chosen);
  add_audit(app, chosen);
  add_apply(app, chosen);
  add_export(app, chosen);
  app.add_subcommand("status", "stores, replicas, version")->callback([&chosen] {
    chosen.command = showing({.path = "/api/v1/status"});
  });
}

struct RotateWords {
  std::string name;
  std::uint64_t grace_secs = 24 * 60 * 60;
};

void add_key_rotation(CLI::App& key, Chosen& chosen) {
  const auto words = std::make_shared<RotateWords>();
  CLI::App& verb = *key.add_subcommand("rotate", "give it a new secret; the old one holds until its grace ends");
  verb.add_option("name", words->name, "its name or id")->required();
  verb.add_option("--grace-secs", words->grace_secs, "seconds for which the old secret still holds (86400)");
  verb.callback([&chosen, words] {
    chosen.command = [words](const AdminClient& client, Report& report) -> Result<void> {
      const Result<std::string> path = path_of(client, resource_of("key"), words->name);
      if (!path) return fail(path.error());
      const Result<json::value> rotated =
          client.write("POST", *path + "/rotate", json::object{{"grace_secs", words->grace_secs}});
      if (!rotated) return fail(rotated.error());
      report.record(*rotated);
      return {};
    };
  });
}

void add_upstream_trial(CLI::App& noun, const UpstreamTrial& trial, Chosen& chosen) {
  const auto name = std::make_shared<std::string>();
  CLI::App& verb = *noun.add_subcommand(std::string(trial.verb), std::string(trial.help));
  verb.add_option("name", *name, "its name or id")->required();
  verb.callback([&chosen, name, trial] {
    chosen.command = [name, trial](const AdminClient& client, Report& report) -> Result<void> {
      const Result<std::string> path = path_of(client, resource_of(trial.noun), *name);
      if (!path) return fail(path.error());
      const Result<json::value> outcome = client.write("POST", *path + "/" + std::string(trial.verb), json::object());
      if (!outcome) return fail(outcome.error());
      report.record(*outcome);
      return told_fault(*outcome);
    };
  });
}

}  // namespace obleth::cli
