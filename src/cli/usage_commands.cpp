#include "cli/usage_commands.hpp"

#include <CLI/CLI.hpp>
#include <array>
#include <boost/json.hpp>
#include <memory>

namespace obleth::cli {
namespace {

namespace json = boost::json;

constexpr std::string_view requests_path = "/api/v1/usage/requests";
constexpr std::string_view export_path = "/api/v1/usage/export.csv";

// A filter as it stands in a query and on the command line.
struct Filter {
  const char* parameter;
  const char* flag;
  const char* help;
};
constexpr std::array scope_filters{
    Filter{"since", "--since", "from this moment on (RFC 3339 or Unix ms)"},
    Filter{"until", "--until", "before this moment"},
    Filter{"tenant", "--tenant", "only this tenant, by id or name"},
    Filter{"key", "--key", "only this key, by id or name"},
    Filter{"model", "--model", "only this model"},
    Filter{"group", "--group", "only tenants that were in this group"},
};
constexpr std::array row_filters{
    Filter{"route", "--route", "only this route, such as /v1/chat/completions"},
    Filter{"status", "--status", "only this HTTP status"},
    Filter{"admission", "--admission", "fast, queued, brownout or refused"},
    Filter{"event_id", "--event-id", "only this request"},
    Filter{"client_request_id", "--client-request-id", "only what the client gave this x-request-id"},
};

struct UsageWords {
  std::array<std::string, scope_filters.size()> scope;
  std::array<std::string, row_filters.size()> row;
  std::string by = "tenant";
  std::size_t limit = 50;
};

void add_scope(CLI::App& verb, const std::shared_ptr<UsageWords>& words) {
  for (std::size_t at = 0; at < scope_filters.size(); ++at)
    verb.add_option(scope_filters[at].flag, words->scope[at], scope_filters[at].help);
}

void add_row_filters(CLI::App& verb, const std::shared_ptr<UsageWords>& words) {
  add_scope(verb, words);
  for (std::size_t at = 0; at < row_filters.size(); ++at)
    verb.add_option(row_filters[at].flag, words->row[at], row_filters[at].help);
}

template <std::size_t Count>
void append_query(std::string& query, const std::array<Filter, Count>& filters,
                  const std::array<std::string, Count>& values) {
  for (std::size_t at = 0; at < Count; ++at) {
    if (!values[at].empty()) query += std::string("&") + filters[at].parameter + "=" + percent_encoded(values[at]);
  }
}

std::string query_of(const UsageWords& words) {
  std::string query;
  append_query(query, scope_filters, words.scope);
  append_query(query, row_filters, words.row);
  return query;
}

// The rows of the table: the largest by cost, and the sum of all.
json::array table_rows(const json::object& costs, const std::string& by) {
  json::array rows;
  const auto append = [&rows](const json::value& share, const json::value& name) {
    json::object row = share.as_object();
    row["name"] = name;
    rows.emplace_back(std::move(row));
  };
  const json::value* shares = costs.if_contains(by + "s");
  if (shares == nullptr || !shares->is_array()) return rows;
  for (const json::value& share : shares->as_array()) {
    const json::value* name = share.is_object() ? share.as_object().if_contains(by) : nullptr;
    const json::value* id = share.is_object() ? share.as_object().if_contains(by + "_id") : nullptr;
    if (name == nullptr) continue;
    append(share, name->is_null() && id != nullptr ? *id : *name);
  }
  if (const json::value* total = costs.if_contains("total"); total != nullptr && total->is_object())
    append(*total, "(all)");
  return rows;
}

Result<void> show_costs(const UsageWords& words, bool as_json, const AdminClient& client, Report& report) {
  static constexpr std::array columns{Column{"NAME", "name"},
                                      Column{"REQUESTS", "requests"},
                                      Column{"ERRORS", "errors"},
                                      Column{"REFUSED", "refusals"},
                                      Column{"INPUT", "input_tokens"},
                                      Column{"CACHED", "cached_tokens"},
                                      Column{"OUTPUT", "output_tokens"},
                                      Column{"COST USD", "cost_usd"},
                                      Column{"GPU MS", "gpu_ms"},
                                      Column{"P50 MS", "latency.total_ms.p50"},
                                      Column{"P99 MS", "latency.total_ms.p99"}};
  const Result<json::value> costs = client.get("/api/v1/costs?limit=" + std::to_string(words.limit) + query_of(words));
  if (!costs) return fail(costs.error());
  if (as_json) {
    report.record(*costs);
  } else {
    report.rows(table_rows(costs->as_object(), words.by), columns);
  }
  return {};
}

Result<void> list_requests(const UsageWords& words, const AdminClient& client, Report& report) {
  static constexpr std::array columns{Column{"ENDED", "ts", Shown::as_moment},
                                      Column{"TENANT", "tenant"},
                                      Column{"MODEL", "model"},
                                      Column{"STATUS", "status"},
                                      Column{"ADMISSION", "admission"},
                                      Column{"INPUT", "input_tokens"},
                                      Column{"OUTPUT", "output_tokens"},
                                      Column{"QUEUE MS", "queue_ms"},
                                      Column{"TTFT MS", "ttft_ms"},
                                      Column{"TOTAL MS", "total_ms"},
                                      Column{"COST USD", "cost_usd"},
                                      Column{"ERROR", "error_code"},
                                      Column{"EVENT ID", "event_id"}};
  const Result<json::array> rows = client.list(std::string(requests_path), query_of(words), words.limit);
  if (!rows) return fail(rows.error());
  report.rows(*rows, columns);
  return {};
}

Result<void> export_requests(const UsageWords& words, const AdminClient& client, Report& report) {
  std::string query = query_of(words);
  if (!query.empty()) query.front() = '?';
  return client.stream(std::string(export_path) + query,
                       [&report](std::string_view part) { return report.part(part); });
}

}  // namespace

void add_usage_commands(CLI::App& app, Chosen& chosen) {
  CLI::App& noun = *app.add_subcommand("usage", "what was used and what it cost");
  noun.require_subcommand(0, 1);
  const auto words = std::make_shared<UsageWords>();
  add_scope(noun, words);
  noun.add_option("--by", words->by, "tenant, key, model or group (tenant)")
      ->check(CLI::IsMember({"tenant", "key", "model", "group"}));
  noun.add_option("--limit", words->limit, "rows at most (50)")->check(CLI::Range(1, 500));

  const auto row_words = std::make_shared<UsageWords>();
  CLI::App& requests = *noun.add_subcommand("requests", "requests that have ended, the latest first");
  add_row_filters(requests, row_words);
  requests.add_option("--limit", row_words->limit, "rows at most (50)");
  CLI::App& everything = *noun.add_subcommand("export", "all of them as CSV, the oldest first");
  add_row_filters(everything, row_words);

  requests.callback([&chosen, row_words] {
    chosen.command = [row_words](const AdminClient& client, Report& report) {
      return list_requests(*row_words, client, report);
    };
  });
  everything.callback([&chosen, row_words] {
    chosen.command = [row_words](const AdminClient& client, Report& report) {
      return export_requests(*row_words, client, report);
    };
  });
  // Runs after that of a subcommand, which has chosen already.
  noun.final_callback([&chosen, words, &noun] {
    if (!noun.get_subcommands().empty()) return;
    chosen.command = [words, &chosen](const AdminClient& client, Report& report) {
      return show_costs(*words, chosen.as_json, client, report);
    };
  });
}

}  // namespace obleth::cli
