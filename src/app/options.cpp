#include "app/options.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <utility>

#include "adapters/postgres/postgres_address.hpp"
#include "app/options_table.hpp"
#include "base/flat_toml.hpp"
#include "base/whole_file.hpp"

namespace obleth::app {
namespace {

constexpr std::string_view prefix = "OBLETH_";

std::unexpected<Fault> wrong(std::string what, std::string_view name) {
  return fail(client_fault(FaultKind::invalid, std::move(what), std::string(name)));
}

// A value and where it came from, not read yet.
struct Given {
  const Setting* setting = nullptr;
  SettingSource source;
  std::string origin;  // "--threads", "OBLETH_THREADS" or "FILE, line 3: threads"
  std::string text;
};

std::string snake_case(std::string_view flag_or_variable) {
  std::string name(flag_or_variable);
  std::ranges::transform(name, name.begin(), [](char c) {
    return c == '-' ? '_' : c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return name;
}

// Variables of this prefix that are not settings: what Kubernetes injects, and the command line's own.
bool is_for_others(std::string_view variable) {
  const std::string_view name = variable.substr(prefix.size());
  return name == "PORT" || name.starts_with("PORT_") || name.starts_with("SERVICE_") || name == "ADMIN_URL";
}

std::string hint(const Setting* nearest, std::string (Setting::*spelling)() const) {
  return nearest == nullptr ? "" : "; did you mean " + (nearest->*spelling)() + "?";
}

Result<std::vector<Given>> from_environment(std::span<const char* const> environment) {
  std::vector<Given> given;
  for (const std::string_view entry : environment) {
    const std::size_t equals = entry.find('=');
    const std::string_view variable = entry.substr(0, equals);
    if (!variable.starts_with(prefix) || equals == std::string_view::npos || is_for_others(variable)) continue;
    const std::string name = snake_case(variable.substr(prefix.size()));
    if (name == "config") continue;
    const Setting* setting = find_setting(name);
    if (setting == nullptr) {
      return wrong(std::string(variable) + " is no setting" + hint(nearest_setting(name), &Setting::variable),
                   variable);
    }
    // Compose files and unit files set variables to nothing to leave them out.
    if (equals + 1 < entry.size())
      given.push_back(
          {setting, SettingSource::environment, std::string(variable), std::string(entry.substr(equals + 1))});
  }
  return given;
}

struct Flags {
  std::vector<Given> given;
  std::string config;  // --config FILE
};

Result<Flags> from_arguments(std::span<const char* const> arguments) {
  Flags flags;
  for (std::size_t at = 0; at < arguments.size(); ++at) {
    const std::string_view argument = arguments[at];
    const std::string_view spelled = argument.substr(0, argument.find('='));
    if (!spelled.starts_with("--")) return wrong("'" + std::string(argument) + "' is not a flag", argument);
    const std::string name = snake_case(spelled.substr(2));
    const Setting* setting = find_setting(name);
    if (setting == nullptr && name != "config") {
      return wrong(std::string(spelled) + " is no flag" + hint(nearest_setting(name), &Setting::flag), spelled);
    }
    std::string text;
    if (spelled.size() < argument.size()) {
      text = argument.substr(spelled.size() + 1);
    } else if (setting != nullptr && setting->type == "true or false") {
      text = "true";
    } else if (at + 1 < arguments.size()) {
      text = arguments[++at];
    } else {
      return wrong(std::string(spelled) + " needs a value", spelled);
    }
    if (setting == nullptr) {
      flags.config = text;
    } else {
      flags.given.push_back({setting, SettingSource::flag, std::string(spelled), text});
    }
  }
  return flags;
}

Result<std::vector<Given>> from_file(const std::string& path) {
  const Result<std::string> text = read_whole_file(path);
  if (!text) return wrong("cannot read the configuration file " + path, "config");
  Result<std::vector<FlatTomlEntry>> entries = parse_flat_toml(*text);
  if (!entries) return wrong(path + ", " + entries.error().message, "config");
  std::vector<Given> given;
  for (const FlatTomlEntry& entry : *entries) {
    const std::string origin = path + ", line " + std::to_string(entry.line) + ": " + entry.key;
    const std::string name = snake_case(entry.key);
    const Setting* setting = find_setting(name);
    if (setting == nullptr) {
      const Setting* nearest = nearest_setting(name);
      const std::string meant = nearest == nullptr ? "" : "; did you mean " + std::string(nearest->name) + "?";
      return wrong(origin + " is no setting" + meant, entry.key);
    }
    given.push_back({setting, SettingSource::file, origin, show_value(entry.values)});
  }
  return given;
}

// Empty: none is named.
std::string config_path(const OptionSources& sources, const Flags& flags) {
  if (!flags.config.empty()) return flags.config;
  constexpr std::string_view variable = "OBLETH_CONFIG=";
  for (const std::string_view entry : sources.environment) {
    if (entry.starts_with(variable)) return std::string(entry.substr(variable.size()));
  }
  return {};
}

Result<void> read_all(std::span<const Given> given, Options& options) {
  for (const Given& each : given) {
    const Result<void> read = each.setting->read(each.text, each.setting->rule, options);
    options.sources[each.setting->name] = each.source;
    if (read) continue;
    // A URL may hold a password where none belongs.
    const bool may_be_shown = !each.setting->is_secret && !each.text.contains("://");
    const std::string shown = may_be_shown ? " is '" + each.text + "', but" : "";
    return wrong(each.origin + shown + " " + read.error().message, each.setting->name);
  }
  return {};
}

// What --dev changes. Applied first, so that whatever is said expressly still holds.
void use_dev_defaults(Options& options) {
  for (adapters::NetAddress* address : {&options.listen, &options.admin_listen, &options.metrics_listen}) {
    *address = *adapters::NetAddress::parse("127.0.0.1", address->port());
  }
}

Result<void> check_admin_token(const Options& options) {
  constexpr std::size_t admin_token_min = 16;
  if (!options.dev && options.admin_token.empty()) {
    return wrong("OBLETH_ADMIN_TOKEN must be set: it opens the Management API (--dev makes one)", "admin_token");
  }
  if (!options.dev && options.admin_token.reveal().size() < admin_token_min) {
    return wrong("OBLETH_ADMIN_TOKEN must have at least 16 characters", "admin_token");
  }
  return {};
}

// SQLite forgets at the exit what has no name or is called :memory:, and a URI may ask it for either.
bool is_sqlite_file(std::string_view url) {
  constexpr std::string_view scheme = "sqlite:";
  if (!url.starts_with(scheme)) return false;
  const std::string_view path = url.substr(scheme.size());
  return !path.empty() && path != ":memory:" && !path.starts_with("file:");
}

// Rules that need more than one setting, or more of one than its bounds.
Result<void> check(const Options& options) {
  if (options.tls_cert.empty() != options.tls_key.empty()) {
    return wrong("OBLETH_TLS_CERT and OBLETH_TLS_KEY must be set together", "tls_cert");
  }
  const std::string_view database = options.database_url.reveal();
  if (adapters::PostgresAddress::is_one(database)) {
    const auto address = adapters::PostgresAddress::parse(options.database_url, options.database_ca);
    if (!address) return wrong("OBLETH_DATABASE_URL " + address.error().message, "database_url");
  } else if (!database.empty() && !is_sqlite_file(database)) {
    return wrong("OBLETH_DATABASE_URL must be sqlite:PATH of a file, or postgresql://user:password@host/database",
                 "database_url");
  }
  const auto is_name_letter = [](unsigned char letter) { return std::isalnum(letter) != 0 || letter == '_'; };
  if (options.clickhouse_database.empty() || !std::ranges::all_of(options.clickhouse_database, is_name_letter)) {
    return wrong("OBLETH_CLICKHOUSE_DATABASE must be letters, digits and _", "clickhouse_database");
  }
  if (!options.redis_sentinels.empty() && !options.redis_url) {
    return wrong("OBLETH_REDIS_URL must be set with OBLETH_REDIS_SENTINELS: redis://NAME of the master that they watch",
                 "redis_url");
  }
  if (const Result<void> sound = check_live(options); !sound) {
    return wrong("OBLETH_UPSTREAM_BASE_URL " + sound.error().message, "upstream_base_url");
  }
  return {};
}

}  // namespace

adapters::AddressPolicy upstream_policy(const Options& options) {
  return {options.block_private_networks, options.allowed_cidrs};
}

Result<void> check_live(const Options& options) {
  const auto& upstream = options.upstream_base_url;
  if (!upstream || !adapters::is_refused_host(upstream->host, upstream_policy(options))) return {};
  return wrong(
      "must not be an address that the gateway never connects to (link-local, cloud metadata, or private where "
      "private networks are blocked)",
      "upstream_base_url");
}

Result<Options> read_options(const OptionSources& sources) {
  Result<Flags> flags = from_arguments(sources.arguments);
  if (!flags) return fail(std::move(flags.error()));
  Result<std::vector<Given>> environment = from_environment(sources.environment);
  if (!environment) return fail(std::move(environment.error()));
  const std::string config = config_path(sources, *flags);
  std::vector<Given> given;
  if (!config.empty()) {
    Result<std::vector<Given>> file = from_file(config);
    if (!file) return fail(std::move(file.error()));
    given = std::move(*file);
  }
  std::ranges::move(*environment, std::back_inserter(given));
  std::ranges::move(flags->given, std::back_inserter(given));

  Options options;
  if (const Result<void> read = read_all(given, options); !read) return fail(read.error());
  if (options.dev) {
    options = Options{};
    use_dev_defaults(options);
    if (const Result<void> read = read_all(given, options); !read) return fail(read.error());
  }
  if (const Result<void> opens = check_admin_token(options); sources.opens_api && !opens) return fail(opens.error());
  if (const Result<void> sound = check(options); !sound) return fail(sound.error());
  return options;
}

bool asks_for_help(std::span<const char* const> arguments) {
  return std::ranges::any_of(arguments, [](std::string_view each) { return each == "--help" || each == "-h"; });
}

}  // namespace obleth::app
