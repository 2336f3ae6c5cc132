// The two readings of the table of settings: --help and docs/settings.md.
#include <algorithm>

#include "app/options_table.hpp"

namespace obleth::app {
namespace {

std::string default_text(const Setting& setting) {
  if (setting.name == "threads") return "cores";
  if (setting.name == "database_url") return "in the data folder";
  const std::string shown = setting.show(Options{});
  return shown.empty() ? "none" : shown;
}

std::string bounds_text(const Setting& setting) {
  const auto as = [&setting](auto value) {
    if (setting.type == "bytes") return show_value(static_cast<std::uint64_t>(value));
    if (setting.type == "time") return show_value(Duration(std::chrono::milliseconds(value)));
    return show_value(static_cast<std::uint32_t>(value));
  };
  if (setting.type != "bytes" && setting.type != "time" && setting.type != "number") return setting.type;
  return setting.type + ", " + as(setting.rule.least) + " – " + as(setting.rule.most);
}

std::string notes(const Setting& setting) {
  if (setting.is_live) return " (*live*)";
  return setting.names_a_file ? " (the file is read again at SIGHUP)" : "";
}

}  // namespace

std::string options_help() {
  constexpr std::size_t column = 34;
  std::string text =
      "Every flag is also a variable (--listen, OBLETH_LISTEN) and a key of the file that --config names (listen).\n";
  std::string_view section;
  for (const Setting& setting : settings()) {
    if (setting.section != section) text += "\n" + std::string(setting.section) + "\n";
    section = setting.section;
    std::string flag = "  " + setting.flag();
    flag.resize(std::max(flag.size() + 1, column), ' ');
    text += flag + std::string(setting.help) + " [" + default_text(setting) + "]\n";
  }
  return text;
}

std::string settings_reference() {
  std::string text =
      "# Settings\n\n"
      "Made from the table in `src/app/options_table.cpp` by `obleth settings`; a test keeps it equal.\n\n"
      "A setting is a flag (`--global-max-in-flight 64`), an environment variable (`OBLETH_GLOBAL_MAX_IN_FLIGHT=64`) "
      "or a\n"
      "key of the file that `--config FILE` or `OBLETH_CONFIG` names (`global_max_in_flight = 64`, flat TOML). A flag "
      "wins\n"
      "over a variable, a variable over the file. A value that does not parse or is out of bounds, and an `OBLETH_` "
      "variable\n"
      "that does not exist, stop the start with a message that names it. `OBLETH_PORT`, `OBLETH_PORT_…` and\n"
      "`OBLETH_SERVICE_…` are ignored: Kubernetes injects them for a Service of this name. An empty variable is not "
      "set.\n\n"
      "Times are written `250ms`, `5s`, `2m`, `24h`, sizes `512KiB`, `64MiB`, `1GiB`; a bare number counts seconds "
      "and\n"
      "bytes (milliseconds where the name ends in `_MS`). Lists are separated by commas.\n\n"
      "Those marked *live* change without a restart: `PATCH /settings` of the Management API stores a value that wins "
      "over all\n"
      "of these, at every replica, at once and after a restart, until it is set to null; SIGHUP reads the "
      "configuration "
      "file\n"
      "again. `GET /settings` tells which value is in force and where it came from. On the command line: `obleth "
      "settings "
      "list`,\n"
      "`set NAME VALUE` and `reset NAME`.\n\n"
      "With `--dev` the listeners are on 127.0.0.1 and an admin token is made and printed.\n";
  std::string_view section;
  for (const Setting& setting : settings()) {
    if (setting.section != section) {
      text += "\n## " + std::string(setting.section) +
              "\n\n| variable | default | value | what it is for |\n|---|---|---|---|\n";
    }
    section = setting.section;
    text += "| `" + setting.variable() + "` | " + default_text(setting) + " | " + bounds_text(setting) + " | " +
            std::string(setting.help) + notes(setting) + " |\n";
  }
  return text;
}

}  // namespace obleth::app
