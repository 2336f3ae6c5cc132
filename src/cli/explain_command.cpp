#include "cli/explain_command.hpp"

#include <CLI/CLI.hpp>
#include <array>
#include <boost/json.hpp>
#include <memory>
#include <string>

#include "base/terminal_text.hpp"

namespace obleth::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t line_width = 78;

// What an answer lacks is told as nothing, not as a fault: the gateway may be of another version.
const json::value& member(const json::object& object, std::string_view name) {
  static const json::value nothing;
  const json::value* found = object.if_contains(name);
  return found == nullptr ? nothing : *found;
}

std::string text_of(const json::object& object, std::string_view name) {
  const json::value& value = member(object, name);
  return value.is_string() ? terminal_text(value.as_string()) : value.is_null() ? "-" : json::serialize(value);
}

std::int64_t number_of(const json::object& object, std::string_view name) {
  const json::value& value = member(object, name);
  return value.is_int64() ? value.as_int64() : 0;
}

bool is_true(const json::object& object, std::string_view name) {
  const json::value& value = member(object, name);
  return value.is_bool() && value.as_bool();
}

// Milli-tokens are for programs.
std::string tokens(std::int64_t millitokens) {
  return std::to_string(millitokens / 1000) + " tokens";
}

std::string wrapped(const std::string& text) {
  std::string out;
  std::size_t width = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    if (width > 0 && width + 1 + (end - at) > line_width) {
      out += '\n';
      width = 0;
    } else if (width > 0) {
      out += ' ';
      ++width;
    }
    out.append(text, at, end - at);
    width += end - at;
    at = end + 1;
  }
  return out + "\n";
}

std::string line(std::string_view name, const std::string& value) {
  constexpr std::size_t name_width = 13;
  return "  " + std::string(name) + std::string(name_width - name.size(), ' ') + value + "\n";
}

std::string lead_text(const json::object& told) {
  const std::int64_t ahead = number_of(told, "ahead_millitokens");
  return tokens(ahead < 0 ? -ahead : ahead) + (ahead < 0 ? " behind" : " ahead") + ", what it ran counted in";
}

std::string brownout_text(const json::object& told) {
  const json::object* cut = member(told, "brownout").if_object();
  if (cut == nullptr) return "no";
  return "at most " + text_of(*cut, "max_tokens") + " tokens instead of " + text_of(*cut, "requested") + " (" +
         text_of(*cut, "reason") + ")";
}

std::string figures_of(const json::object& told) {
  const std::string model = text_of(told, "model");
  return line("tenant",
              text_of(told, "tenant") + ", weight " + text_of(told, "weight") + ", group " + text_of(told, "group")) +
         line("model", model.empty() ? "none: it passed through" : model) +
         line("arrived", text_of(told, "arrived_at")) +
         line("went", text_of(told, "dispatched_at") + ", after " + text_of(told, "queue_ms") + " ms") +
         line("position", text_of(told, "position_at_arrival") + " of its own tenant ahead of it") +
         line("cost", tokens(number_of(told, "cost_millitokens")) +
                          (is_true(told, "is_over") ? "" : ", estimated: it still runs")) +
         line("key", text_of(told, "key") + ", virtual time " + text_of(told, "virtual_time")) +
         line("lead", lead_text(told)) + line("age guard", is_true(told, "age_guard") ? "yes" : "no") +
         line("brownout", brownout_text(told));
}

std::string served_meanwhile(const json::object& told) {
  static constexpr std::array columns{Column{"TENANT", "tenant"}, Column{"WEIGHT", "weight"},
                                      Column{"REQUESTS", "requests"}, Column{"TOKENS", "tokens"},
                                      Column{"% OF COST", "percent"}};
  const json::object* meanwhile = member(told, "served_meanwhile").if_object();
  if (meanwhile == nullptr || number_of(*meanwhile, "requests") == 0) return {};
  const auto row = [&](const std::string& name, const json::value& weight, std::int64_t requests, std::int64_t cost) {
    const std::int64_t all = std::max<std::int64_t>(number_of(*meanwhile, "cost_millitokens"), 1);
    return json::object{{"tenant", name},
                        {"weight", weight},
                        {"requests", requests},
                        {"tokens", cost / 1000},
                        {"percent", cost * 100 / all}};
  };
  json::array rows;
  rows.push_back(row("(its own)", member(told, "weight"), number_of(*meanwhile, "own_requests"),
                     number_of(*meanwhile, "own_cost_millitokens")));
  if (const json::array* top = member(*meanwhile, "top").if_array()) {
    for (const json::value& entry : *top) {
      if (const json::object* other = entry.if_object()) {
        rows.push_back(row(text_of(*other, "tenant"), member(*other, "weight"), number_of(*other, "requests"),
                           number_of(*other, "cost_millitokens")));
      }
    }
  }
  const std::string note =
      is_true(*meanwhile, "complete") ? "" : " (those of the last part of its wait: older ones are forgotten)";
  return "\nWho went meanwhile: " + text_of(*meanwhile, "requests") + " requests" + note + "\n" +
         text_table(rows, columns);
}

}  // namespace

void add_explain(CLI::App& app, Chosen& chosen) {
  const auto id = std::make_shared<std::string>();
  CLI::App& verb = *app.add_subcommand("explain", "why a request waited");
  verb.add_option("request_id", *id, "x-obleth-request-id of its answer, or the client's own x-request-id")->required();
  verb.callback([&chosen, id] {
    chosen.command = [&chosen, id](const AdminClient& client, Report& report) -> Result<void> {
      const Result<json::value> answer = client.get("/api/v1/fairshare/explain/" + percent_encoded(*id));
      if (!answer) return fail(answer.error());
      const json::object* told = answer->if_object();
      if (chosen.as_json || told == nullptr) {
        report.record(*answer);
        return {};
      }
      report.raw("Request " + text_of(*told, "request_id") + "\n\n" + wrapped(text_of(*told, "summary")) + "\n" +
                 figures_of(*told) + served_meanwhile(*told));
      return {};
    };
  });
}

}  // namespace obleth::cli
