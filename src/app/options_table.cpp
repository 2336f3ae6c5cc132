#include "app/options_table.hpp"

#include <algorithm>
#include <numeric>
#include <thread>

namespace obleth::app {
namespace {

constexpr std::uint64_t seconds = 1000;  // durations are bounded in milliseconds
constexpr std::uint64_t minutes = 60 * seconds;
constexpr std::uint64_t hours = 60 * minutes;
constexpr std::uint64_t kib = 1ULL << 10;
constexpr std::uint64_t mib = 1ULL << 20;
constexpr std::uint64_t gib = 1ULL << 30;

template <class Value>
constexpr std::string_view type_name;  // of an enumeration: its words
template <>
constexpr std::string_view type_name<bool> = "true or false";
template <>
constexpr std::string_view type_name<std::uint32_t> = "number";
template <>
constexpr std::string_view type_name<std::uint64_t> = "bytes";
template <>
constexpr std::string_view type_name<Duration> = "time";
template <>
constexpr std::string_view type_name<std::string> = "text";
template <>
constexpr std::string_view type_name<Secret> = "secret";
template <>
constexpr std::string_view type_name<std::optional<Secret>> = "secret";
template <>
constexpr std::string_view type_name<std::optional<adapters::EncryptionKey>> = "secret";
template <>
constexpr std::string_view type_name<adapters::NetAddress> = "address:port";
template <>
constexpr std::string_view type_name<std::optional<UpstreamAddress>> = "URL";
template <>
constexpr std::string_view type_name<std::vector<std::string>> = "list";
template <>
constexpr std::string_view type_name<std::vector<adapters::Cidr>> = "list of ranges";
template <>
constexpr std::string_view type_name<std::optional<adapters::RedisAddress>> = "URL";
template <>
constexpr std::string_view type_name<std::vector<adapters::HostAndPort>> = "list of hosts";

// Ties a row to its member of Options: the type of the member decides how a text is read.
template <auto Member>
Setting row(std::string_view section, std::string_view name, std::string_view help, ValueRule rule = {}) {
  using Value = std::remove_cvref_t<decltype(std::declval<Options>().*Member)>;
  Setting made{.section = section, .name = name, .type = std::string(type_name<Value>), .rule = rule, .help = help};
  if constexpr (std::is_enum_v<Value>) {
    made.words = choices<Value>;
    made.type = join_choices(made.words);
  }
  // A URL may hold a password.
  made.is_secret = made.type == "secret" || std::is_same_v<Value, std::optional<adapters::RedisAddress>>;
  made.read = [](std::string_view text, const ValueRule& bounds, Options& options) {
    return read_value(text, bounds, options.*Member);
  };
  made.show = [](const Options& options) { return show_value(options.*Member); };
  made.copy = [](const Options& from, Options& to) { to.*Member = from.*Member; };
  return made;
}

Setting live(Setting setting) {
  setting.is_live = true;
  return setting;
}

Setting file_read_again(Setting setting) {
  setting.names_a_file = true;
  return setting;
}

// A secret, for the password that may be in it.
Setting url(Setting setting) {
  setting.type = "URL";
  return setting;
}

Setting list_of(std::string_view what, ItemRule item, Setting setting) {
  setting.type = "list of " + std::string(what);
  setting.rule.item = item;
  return setting;
}

using O = Options;

std::vector<Setting> listener_rows() {
  constexpr std::string_view at = "Listeners";
  return {
      row<&O::listen>(at, "listen", "where clients are served"),
      row<&O::admin_listen>(at, "admin_listen", "where the Management API is served"),
      row<&O::metrics_listen>(at, "metrics_listen", "where Prometheus reads"),
      row<&O::threads>(at, "threads", "event loops; 0 is one per core", {0, 256}),
      row<&O::max_connections>(at, "max_connections",
                               "client connections open at a time; the one that was idle for longest gives way to one "
                               "more; fewer where the limit of open files is lower",
                               {1, 1'000'000}),
      row<&O::max_connections_per_address>(
          at, "max_connections_per_address",
          "connections from one address open at a time; one more is refused, and no idle one gives way; all that come "
          "through a proxy count as from the proxy's; 0 is no bound",
          {0, 1'000'000}),
      row<&O::trusted_proxies>(
          at, "trusted_proxies",
          "from these X-Forwarded-For and the PROXY protocol are believed when they say who the client is"),
      file_read_again(
          row<&O::tls_cert>(at, "tls_cert", "PEM file with the certificate chain for clients; empty is plain HTTP")),
      file_read_again(row<&O::tls_key>(at, "tls_key", "PEM file with its key, without a passphrase")),
      row<&O::header_max>(at, "header_max", "a request's head, with its first line", {1 * kib, 1 * mib}),
      row<&O::header_timeout>(at, "header_timeout", "a head must be complete after this", {100, 10 * minutes}),
      row<&O::body_timeout>(at, "body_timeout", "a body may stall for this", {100, 10 * minutes}),
      row<&O::idle_timeout>(at, "idle_timeout", "a connection without a request is closed after this",
                            {100, 1 * hours}),
  };
}

std::vector<Setting> request_rows() {
  constexpr std::string_view at = "Requests";
  return {
      live(row<&O::body_max>(at, "body_max", "a request's body; one byte more is 413", {1, 16 * gib})),
      row<&O::body_memory_max>(at, "body_memory_max",
                               "memory for all bodies together, one tenant at most an eighth; beyond it 503",
                               {1 * mib, 1024 * gib}),
      row<&O::cache_max>(at, "cache_max", "memory for answers of models with a response cache, in this process",
                         {1 * mib, 1024 * gib}),
      row<&O::cache_capture_max>(at, "cache_capture_max",
                                 "memory for answers on their way into the response cache, one tenant at most an "
                                 "eighth; beyond it they are not kept",
                                 {1 * mib, 1024 * gib}),
      row<&O::cache_redis_max>(at, "cache_redis_max", "part of Redis for answers of models with a response cache",
                               {1 * mib, 1024 * gib}),
      live(row<&O::n_max>(at, "n_max", "answers that one request may ask for (n, best_of)", {1, 1024})),
      live(row<&O::passthrough>(
          at, "passthrough", "which paths that obleth does not know go to the default upstream; v1: those below /v1")),
      live(list_of("paths", read_path,
                   row<&O::passthrough_allow>(at, "passthrough_allow",
                                              "paths that control an inference server, to be passed on all the same"))),
      live(list_of("header names", read_header_name,
                   row<&O::strip_headers>(at, "strip_headers",
                                          "request headers that are not forwarded, beside obleth's own list"))),
      live(list_of(
          "origins", read_origin,
          row<&O::cors_origins>(at, "cors_origins", "origins that browsers may call from; * is any; empty is none"))),
  };
}

std::vector<Setting> upstream_rows() {
  constexpr std::string_view at = "Upstreams";
  return {
      live(row<&O::upstream_base_url>(at, "upstream_base_url",
                                      "the default upstream, for paths and models that are not registered")),
      row<&O::upstream_ca>(at, "upstream_ca",
                           "PEM file with authorities that upstreams are checked against, beside "
                           "the system's"),
      live(row<&O::unregistered_models>(at, "unregistered_models",
                                        "allow sends chat and completions for unknown models to the default upstream; "
                                        "refuse answers 404")),
      row<&O::block_private_networks>(at, "block_private_networks",
                                      "refuse upstreams at private addresses (link-local ones are always refused)"),
      row<&O::allowed_cidrs>(at, "allowed_cidrs", "private ranges that are allowed nevertheless"),
  };
}

std::vector<Setting> fairshare_rows() {
  constexpr std::string_view at = "Fairshare";
  return {
      row<&O::global_max_in_flight>(
          at, "global_max_in_flight",
          "slots: requests at the upstreams at a time, until the Management API sets another capacity", {1, 1'000'000}),
      row<&O::fairshare_algorithm>(at, "fairshare_algorithm",
                                   "hierarchical shares between groups, then tenants; weighted between tenants alone"),
      live(row<&O::tenant_queue_max>(at, "tenant_queue_max", "requests of one tenant that may wait", {1, 1'000'000})),
      live(row<&O::queue_max>(at, "queue_max", "requests that may wait in all", {1, 1'000'000})),
      live(row<&O::admission_timeout_secs>(
          at, "admission_timeout_secs", "a request that waited this long is refused (429)", {1 * seconds, 1 * hours})),
      live(row<&O::brownout_wait_ms>(at, "brownout_wait_ms", "waiting longer than this, answers are cut shorter",
                                     {1, 1 * hours, std::chrono::milliseconds(1)})),
  };
}

std::vector<Setting> budget_rows() {
  constexpr std::string_view at = "Budgets";
  return {
      live(row<&O::fail_open>(at, "fail_open",
                              "while a store cannot tell what a budget has left, requests pass, and are counted; "
                              "false answers 503")),
  };
}

std::vector<Setting> identity_rows() {
  constexpr std::string_view at = "Identity";
  return {
      row<&O::admin_token>(at, "admin_token", "opens the Management API; at least 16 characters, but with --dev"),
      row<&O::api_key_pepper>(at, "api_key_pepper", "keys are stored as HMAC under this instead of as a plain hash"),
      row<&O::api_key_pepper_former>(at, "api_key_pepper_former",
                                     "the pepper before it, while keys are being renewed; none where there was none"),
      row<&O::encryption_key>(
          at, "encryption_key",
          "credentials of upstreams are stored under this: 32 bytes as base64 or 64 hex digits; --dev makes one"),
      row<&O::encryption_key_former>(at, "encryption_key_former", "the key before it, while credentials are renewed"),
      row<&O::key_cache_max>(at, "key_cache_max", "keys that are remembered", {1, 10'000'000}),
      live(row<&O::key_fresh>(at, "key_fresh", "a remembered key is believed for this", {0, 24 * hours})),
      live(row<&O::key_stale_max>(at, "key_stale_max", "and for this while the store cannot answer", {0, 720 * hours})),
      live(row<&O::key_unknown>(at, "key_unknown", "an unknown key is remembered as unknown for this", {0, 1 * hours})),
      live(row<&O::failed_keys_per_minute>(
          at, "failed_keys_per_minute",
          "401s that one client address may cause, then 429; known keys are never slowed; 0 is no bound",
          {0, 1'000'000})),
  };
}

std::vector<Setting> life_rows() {
  constexpr std::string_view at = "Running";
  return {
      row<&O::dev>(at, "dev",
                   "to try it: listeners on 127.0.0.1, an admin token made and printed, mock-model registered against "
                   "the default upstream"),
      row<&O::data_dir>(at, "data_dir", "folder of the embedded stores"),
      url(row<&O::database_url>(at, "database_url",
                                "sqlite:PATH, or postgresql://user:password@host:port/database, which replicas share; "
                                "empty is obleth.db in the data folder")),
      row<&O::database_ca>(at, "database_ca",
                           "PEM file with the authorities that PostgreSQL is checked against; with it, TLS is required "
                           "unless the URL's sslmode says otherwise"),
      live(row<&O::drain_notice>(at, "drain_notice",
                                 "after SIGTERM requests are still served for this, /ready says 503", {0, 1 * hours})),
      live(row<&O::shutdown_grace>(at, "shutdown_grace", "then running streams may finish for this", {0, 24 * hours})),
      row<&O::core_dumps>(at, "core_dumps",
                          "a crash may leave a core dump, as far as the limits of the system go: it holds prompts and "
                          "secrets; false forbids it, and debuggers of other users"),
      row<&O::log>(at, "log", "log lines as json or text; auto is text on a terminal"),
      live(row<&O::log_level>(at, "log_level", "the least that is logged")),
  };
}

std::vector<Setting> ledger_rows() {
  constexpr std::string_view at = "Usage ledger";
  return {
      row<&O::clickhouse_url>(at, "clickhouse_url",
                              "http://host:8123 or https://…: the ledger that replicas share; empty is usage.db in the "
                              "data folder"),
      row<&O::clickhouse_user>(at, "clickhouse_user", "who may create the database, or the tables in it"),
      row<&O::clickhouse_password>(at, "clickhouse_password", "of that user"),
      row<&O::clickhouse_database>(at, "clickhouse_database", "letters, digits and _; made where it is missing"),
      row<&O::clickhouse_ca>(at, "clickhouse_ca",
                             "PEM file with authorities that ClickHouse is checked against, beside the system's"),
      row<&O::spool_fsync_ms>(at, "spool_fsync_ms",
                              "what was written to the spool is brought to the disk itself after this: the window of a "
                              "power loss; 0 is at once after each write",
                              {0, 1 * minutes, std::chrono::milliseconds(1)}),
      row<&O::spool_max>(at, "spool_max", "rows that the ledger has not taken yet, on the disk", {1 * mib, 1024 * gib}),
      row<&O::spool_full>(at, "spool_full", "which rows give way, counted, when there are more"),
      live(row<&O::usage_retention_days>(
          at, "usage_retention_days",
          "rows of the ledger are kept for this many days, rounded up to whole months; what "
          "was spent is remembered for ever",
          {1, 36'500})),
  };
}

std::vector<Setting> redis_rows() {
  constexpr std::string_view at = "Redis";
  return {
      row<&O::redis_url>(at, "redis_url",
                         "redis://[user[:password]@]host[:port][/database], or rediss:// for TLS: what replicas share; "
                         "with sentinels the host is the name of their master; empty keeps everything in this process"),
      row<&O::redis_user>(at, "redis_user", "in place of the URL's"),
      row<&O::redis_password>(at, "redis_password", "in place of the URL's"),
      row<&O::redis_ca>(at, "redis_ca", "PEM file with authorities that Redis is checked against, beside the system's"),
      row<&O::redis_prefix>(at, "redis_prefix", "every key and channel begins with this and a colon"),
      row<&O::redis_timeout>(
          at, "redis_timeout",
          "a call that takes longer fails; the next ones then fail at once until Redis answers again",
          {1, 1 * minutes, std::chrono::milliseconds(1)}),
      row<&O::redis_sentinels>(at, "redis_sentinels",
                               "host:port of each Sentinel; they are asked where the master is, after a failover too"),
      row<&O::redis_sentinel_password>(at, "redis_sentinel_password", "of the sentinels themselves"),
      row<&O::replicas_expected>(at, "replicas_expected",
                                 "replicas that share slots and budgets: while Redis is away each has its part of the "
                                 "capacity, and of what was left to spend, until more have been seen",
                                 {1, 1000}),
  };
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row_above(b.size() + 1);
  std::iota(row_above.begin(), row_above.end(), 0U);
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row_above[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row_above[j + 1];
      row_above[j + 1] = std::min({changed, row_above[j] + 1, diagonal + 1});
    }
  }
  return row_above.back();
}

}  // namespace

std::uint32_t thread_count(const Options& options) {
  return options.threads != 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency());
}

std::string Setting::flag() const {
  std::string made = "--" + std::string(name);
  std::ranges::replace(made, '_', '-');
  return made;
}

std::string Setting::variable() const {
  std::string made = "OBLETH_" + std::string(name);
  std::ranges::transform(made, made.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return made;
}

std::span<const Setting> settings() {
  static const std::vector<Setting> table = [] {
    std::vector<Setting> all;
    for (auto rows : {life_rows, listener_rows, request_rows, upstream_rows, fairshare_rows, budget_rows, identity_rows,
                      ledger_rows, redis_rows}) {
      std::ranges::move(rows(), std::back_inserter(all));
    }
    return all;
  }();
  return table;
}

const Setting* find_setting(std::string_view name) {
  const auto found = std::ranges::find(settings(), name, &Setting::name);
  return found == settings().end() ? nullptr : &*found;
}

const Setting* nearest_setting(std::string_view name) {
  constexpr std::size_t distance_max = 4;
  const auto far = [name](const Setting& setting) { return edit_distance(name, setting.name); };
  const auto nearest = std::ranges::min_element(settings(), {}, far);
  return far(*nearest) <= distance_max ? &*nearest : nullptr;
}

}  // namespace obleth::app
