#include "cli/run_command.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json/object.hpp>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <ranges>

#include "base/terminal_text.hpp"
#include "cli/command.hpp"
#include "cli/explain_command.hpp"
#include "cli/gateway_commands.hpp"
#include "cli/resource_commands.hpp"
#include "cli/settings_commands.hpp"
#include "cli/usage_commands.hpp"

namespace obleth::cli {
namespace {

constexpr std::array gateway_verbs{"capacity", "explain", "usage",    "audit",  "apply",
                                   "export",   "status",  "settings", "version"};

constexpr std::array global_flags{"--url", "--token", "--json"};  // they may stand before the verb, or behind it
constexpr const char* global_flags_help =
    "Of every command: --url URL, --token TOKEN, --json (JSON instead of tables). Without them the gateway is that of\n"
    "OBLETH_ADMIN_URL and OBLETH_ADMIN_TOKEN, else of admin_url and admin_token in ~/.config/obleth/config.toml, else\n"
    "http://127.0.0.1:9090.\n";

// CLI11 takes -1 for the largest number that has no sign.
void refuse_negative_counts(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    if (!option->get_type_name().starts_with("UINT")) continue;
    option->check([](const std::string& text) { return text.contains('-') ? "must not be negative" : ""; });
  }
  for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; }))
    refuse_negative_counts(*command);
}

void add_commands(CLI::App& app, Chosen& chosen) {
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(global_flags_help);  // the commands made below have it, too
  app.add_option("--url", chosen.admin.url, "the Management API (OBLETH_ADMIN_URL, http://127.0.0.1:9090)");
  app.add_option("--token", chosen.admin.token, "what opens it (OBLETH_ADMIN_TOKEN)");
  app.add_flag("--json", chosen.as_json, "JSON instead of tables");
  for (const Resource& resource : resources()) {
    CLI::App& noun = add_resource_commands(app, resource, chosen);
    if (resource.noun == "key") add_key_rotation(noun, chosen);
    if (resource.noun == "model") {
      add_upstream_trial(noun, {"model", "test", "send its upstream one real request"}, chosen);
    }
    if (resource.noun == "mcp") {
      add_upstream_trial(noun, {"mcp", "probe", "ask the server for its tools"}, chosen);
    }
  }
  add_usage_commands(app, chosen);
  add_gateway_commands(app, chosen);
  add_explain(app, chosen);
  add_settings_commands(app, chosen);
  app.add_subcommand("version", "of this program");
  refuse_negative_counts(app);
}

int exit_code_of(const Fault& fault) {
  switch (fault.kind) {
    case FaultKind::invalid:
      return exit_misused;
    case FaultKind::unreachable:
    case FaultKind::timed_out:
    case FaultKind::broken:
    case FaultKind::bad_answer:
      return exit_unreachable;
    default:
      return exit_refused;
  }
}

int told(const Fault& fault, const Surroundings& surroundings) {
  // The message has lines of its own: one for each field at fault.
  surroundings.err << "obleth:";
  for (const auto line : std::views::split(fault.message, '\n'))
    surroundings.err << (line.begin() == fault.message.begin() ? " " : "\n") << terminal_text(std::string_view(line));
  surroundings.err << "\n";
  return exit_code_of(fault);
}

int tell_version(bool as_json, const Surroundings& surroundings) {
  Report report(surroundings.out, as_json);
  report.done("obleth " + surroundings.version, boost::json::object{{"version", surroundings.version}});
  return exit_done;
}

int run_chosen(const Chosen& chosen, const Surroundings& surroundings) {
  Result<AdminAddress> address = find_admin(chosen.admin, surroundings);
  if (!address) return told(address.error(), surroundings);
  const auto warn = [&surroundings](std::string_view warning) {
    surroundings.err << "obleth: warning: " << terminal_text(warning) << "\n";
  };
  const AdminClient client(std::move(*address), warn);
  Report report(surroundings.out, chosen.as_json);
  const Result<void> outcome = chosen.command(client, report);
  return outcome ? exit_done : told(outcome.error(), surroundings);
}

}  // namespace

Surroundings process_surroundings(std::string version) {
  return {.in = std::cin,
          .out = std::cout,
          .err = std::cerr,
          .variable = [](const std::string& name) -> std::optional<std::string> {
            const char* value = std::getenv(name.c_str());
            return value == nullptr || *value == '\0' ? std::nullopt : std::optional<std::string>(value);
          },
          .version = std::move(version)};
}

bool is_client_command(std::string_view verb) {
  return std::ranges::find(resources(), verb, &Resource::noun) != resources().end() ||
         std::ranges::find(gateway_verbs, verb) != gateway_verbs.end() ||
         std::ranges::find(global_flags, verb.substr(0, verb.find('='))) != global_flags.end();
}

int run_command(std::span<const char* const> arguments, const Surroundings& surroundings) {
  std::signal(SIGPIPE, SIG_IGN);  // a peer that closes is a fault with a message
  Chosen chosen{.in = surroundings.in};
  CLI::App app("Works on a running gateway through its Management API.", "obleth");
  add_commands(app, chosen);
  try {
    std::vector<std::string> words(arguments.rbegin(), arguments.rend());  // CLI11 takes them from the back
    app.parse(words);
  } catch (const CLI::ParseError& stopped) {
    return app.exit(stopped, surroundings.out, surroundings.err) == 0 ? exit_done : exit_misused;
  }
  if (app.got_subcommand("version")) return tell_version(chosen.as_json, surroundings);
  return run_chosen(chosen, surroundings);
}

std::string client_commands_help() {
  return "\nof a running gateway, through its Management API:\n\n"
         "  tenant         teams that share the cluster: list, show, create, set, delete\n"
         "  key            their API keys: the same, and rotate\n"
         "  group          groups of tenants: as tenant\n"
         "  model          models and the upstreams that serve them: as tenant, and test\n"
         "  mcp            MCP servers: as tenant, and probe\n"
         "  admin-token    tokens for the Management API: list, create, delete\n"
         "  capacity       slots, requests at the upstreams at a time: show, set\n"
         "  explain        why a request waited\n"
         "  apply          brings the gateway to the state that a file describes (-f FILE, --dry-run)\n"
         "  export         that file, of the present state\n"
         "  status         stores, replicas, version\n"
         "  settings       settings in force, and where they came from: list; change live ones: set, reset\n"
         "  usage          what was used and what it cost; single requests (requests), all of them as CSV (export)\n"
         "  audit          who changed what: list\n"
         "  version        of this program\n\n" +
         std::string(global_flags_help);
}

}  // namespace obleth::cli
