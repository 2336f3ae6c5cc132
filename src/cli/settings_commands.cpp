#include "cli/settings_commands.hpp"

#include <CLI/CLI.hpp>
#include <array>
#include <boost/json.hpp>
#include <memory>
#include <string>

namespace obleth::cli {
namespace {

namespace json = boost::json;

constexpr const char* settings_path = "/api/v1/settings";

constexpr std::array columns{Column{"NAME", "name"}, Column{"VALUE", "value"}, Column{"FROM", "source"},
                             Column{"LIVE", "changeable"}, Column{"WHAT IT IS FOR", "help"}};

// The rows of the answer; of one name, or all.
json::array rows_of(const json::value& answer, const std::string& name) {
  const json::object* page = answer.if_object();
  const json::value* listed = page == nullptr ? nullptr : page->if_contains("data");
  json::array rows;
  if (listed == nullptr || !listed->is_array()) return rows;
  for (const json::value& row : listed->as_array()) {
    const json::value* told = row.is_object() ? row.as_object().if_contains("name") : nullptr;
    if (name.empty() || (told != nullptr && told->is_string() && told->as_string() == name)) rows.push_back(row);
  }
  return rows;
}

void add_change(CLI::App& verb, const std::shared_ptr<std::string>& name, const std::shared_ptr<json::value>& value,
                Chosen& chosen) {
  verb.callback([&chosen, name, value] {
    chosen.command = [name, value](const AdminClient& client, Report& report) -> Result<void> {
      const Result<json::value> answer = client.write("PATCH", settings_path, json::object{{*name, *value}});
      if (!answer) return fail(answer.error());
      report.rows(rows_of(*answer, *name), columns);
      return {};
    };
  });
}

}  // namespace

void add_settings_commands(CLI::App& app, Chosen& chosen) {
  CLI::App& noun = *app.add_subcommand("settings", "settings of the running gateway");
  noun.require_subcommand(1);
  noun.add_subcommand("list", "what is in force, and where it came from")->callback([&chosen] {
    chosen.command = [](const AdminClient& client, Report& report) -> Result<void> {
      const Result<json::value> answer = client.get(settings_path);
      if (!answer) return fail(answer.error());
      report.rows(rows_of(*answer, {}), columns);
      return {};
    };
  });
  const auto name = std::make_shared<std::string>();
  const auto value = std::make_shared<json::value>();
  CLI::App& set = *noun.add_subcommand("set", "change a live one, at every replica and at once");
  set.add_option("name", *name, "as in the list")->required();
  set.add_option_function<std::string>(
         "value", [value](const std::string& text) { *value = json::value(text); },
         "as in the configuration file; lists are separated by commas")
      ->required();
  add_change(set, name, value, chosen);
  CLI::App& reset = *noun.add_subcommand("reset", "go back to what the gateway was started with");
  reset.add_option("name", *name, "as in the list")->required();
  add_change(reset, name, value, chosen);
}

}  // namespace obleth::cli
