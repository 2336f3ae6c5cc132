#include "adapters/sql/model_table.hpp"

#include <array>
#include <set>
#include <string_view>
#include <utility>

#include "adapters/sql/enum_text.hpp"
#include "adapters/sql/json_columns.hpp"
#include "adapters/sql/paging.hpp"
#include "adapters/sql/query.hpp"
#include "adapters/sql/store_failure.hpp"

namespace obleth::adapters {
namespace {

constexpr std::array<std::string_view, 30> columns{"id",
                                                   "model_name",
                                                   "aliases",
                                                   "upstream_model",
                                                   "sealed_api_key",
                                                   "sealed_upstream_headers",
                                                   "input_pico_usd",
                                                   "cached_input_pico_usd",
                                                   "output_pico_usd",
                                                   "request_pico_usd",
                                                   "context_window",
                                                   "default_max_tokens",
                                                   "admission_weight_thousandths",
                                                   "input_token_cost_thousandths",
                                                   "output_token_cost_thousandths",
                                                   "slot_second_cost_thousandths",
                                                   "max_in_flight",
                                                   "brownout_max_tokens",
                                                   "enabled",
                                                   "inject_usage",
                                                   "cache_enabled",
                                                   "cache_ttl_secs",
                                                   "cache_scope",
                                                   "max_retries",
                                                   "request_timeout_secs",
                                                   "idle_timeout_secs",
                                                   "gpus",
                                                   "tokens_per_media_part",
                                                   "created_at",
                                                   "updated_at"};
constexpr std::array<std::string_view, 1> kept{"created_at"};

std::string select_sql(std::string_view where) {
  return ("SELECT " + column_list(columns) + " FROM models ").append(where);
}

// A price or cost of one integer.
template <class Unit>
Unit unit(QueryRow& row) {
  return Unit{row.integer()};
}
template <class Unit>
std::optional<std::int64_t> number(const std::optional<Unit>& amount) {
  return amount ? std::optional(amount->value) : std::nullopt;
}

std::optional<Secret> headers_text(const Model& model) {
  return model.upstream_headers.empty() ? std::nullopt : std::optional(to_secret_json(model.upstream_headers));
}

}  // namespace

void ModelTable::put(const ports::PutModel& write) const {
  rows_.check_presence(write.model.id.bits, write.expect_new);
  check_names_free(write.model);
  put_row(write.model);
  replace_names(write.model);
  endpoints_.replace(write.model.id, write.model.endpoints);
}

void ModelTable::check_names_free(const Model& model) const {
  check_name_free(model.id, model.model_name, "model_name");
  std::set<std::string_view> own_names{model.model_name};
  for (const std::string& alias : model.aliases) {
    if (!own_names.insert(alias).second) {
      refuse(FaultKind::conflict, "the model has the name \"" + alias + "\" twice", "aliases");
    }
    check_name_free(model.id, alias, "aliases");
  }
}

void ModelTable::check_name_free(ModelId id, const std::string& name, const char* field) const {
  Query find(session_, "SELECT 1 FROM model_names WHERE name = ? AND model_id <> ?");
  if (!find.bind(name).bind(id).step()) return;
  refuse(FaultKind::conflict, "there is a model or alias named \"" + name + "\" already", field);
}

void ModelTable::put_row(const Model& model) const {
  static const std::string sql = put_sql("models", columns, kept);
  Query put(session_, sql);
  put.bind(model.id).bind(model.model_name).bind(to_json(model.aliases)).bind(model.upstream_model);
  put.bind(seal_.seal(model.api_key, model.id.bits, "api_key"));
  put.bind(seal_.seal(headers_text(model), model.id.bits, "upstream_headers"));
  put.bind(model.input_cost_per_token.value).bind(number(model.cached_input_cost_per_token));
  put.bind(model.output_cost_per_token.value).bind(model.cost_per_request.value);
  put.bind(model.context_window).bind(model.default_max_tokens);
  put.bind(model.admission_weight.value).bind(model.input_token_cost.value).bind(model.output_token_cost.value);
  put.bind(number(model.slot_second_cost)).bind(model.max_in_flight).bind(model.brownout_max_tokens);
  put.bind(model.enabled).bind(model.inject_usage).bind(model.cache_enabled).bind(model.cache_ttl_secs);
  put.bind(word_of(model.cache_scope)).bind(model.max_retries);
  put.bind(model.request_timeout_secs).bind(model.idle_timeout_secs);
  put.bind(model.gpus).bind(model.tokens_per_media_part).bind(model.created_at).bind(model.updated_at).run();
}

void ModelTable::let_go_of_names(const Model& next) const {
  rows_.let_go_of_name(next.id.bits, next.model_name, "model_name");
  forget_names(next.id);
}

void ModelTable::forget_names(ModelId id) const {
  Query forget(session_, "DELETE FROM model_names WHERE model_id = ?");
  forget.bind(id).run();
}

void ModelTable::replace_names(const Model& model) const {
  forget_names(model.id);
  std::vector<std::string> names = model.aliases;
  names.push_back(model.model_name);
  for (const std::string& name : names) {
    Query add(session_, "INSERT INTO model_names (name, model_id) VALUES (?, ?)");
    add.bind(name).bind(model.id).run();
  }
}

Model ModelTable::read(QueryRow& row) const {
  Model model;
  model.id = row.id<ModelId>();
  model.model_name = row.text();
  model.aliases = texts_from_json(row.text());
  model.upstream_model = row.text();
  model.api_key = seal_.open(row, model.id.bits, "api_key");
  if (const auto headers = seal_.open(row, model.id.bits, "upstream_headers")) {
    model.upstream_headers = headers_from_secret_json(*headers);
  }
  model.input_cost_per_token = unit<PicoUsd>(row);
  model.cached_input_cost_per_token = row.maybe(unit<PicoUsd>);
  model.output_cost_per_token = unit<PicoUsd>(row);
  model.cost_per_request = unit<PicoUsd>(row);
  model.context_window = row.integer();
  model.default_max_tokens = row.integer();
  model.admission_weight = unit<Thousandths>(row);
  model.input_token_cost = unit<Thousandths>(row);
  model.output_token_cost = unit<Thousandths>(row);
  model.slot_second_cost = row.maybe(unit<Thousandths>);
  model.max_in_flight = row.maybe(&QueryRow::small_integer);
  model.brownout_max_tokens = row.integer();
  model.enabled = row.flag();
  model.inject_usage = row.flag();
  model.cache_enabled = row.flag();
  model.cache_ttl_secs = row.small_integer();
  model.cache_scope = value_of<CacheScope>(row.text());
  model.max_retries = row.small_integer();
  model.request_timeout_secs = row.small_integer();
  model.idle_timeout_secs = row.small_integer();
  model.gpus = row.small_integer();
  model.tokens_per_media_part = row.integer();
  model.created_at = row.time();
  model.updated_at = row.time();
  return model;
}

std::optional<Model> ModelTable::find(const std::string& id_or_name) const {
  static const std::string sql = select_sql("WHERE id = ?1 OR model_name = ?2 ORDER BY id = ?1 DESC LIMIT 1");
  Query find(session_, sql);
  find.bind(ModelId::from_text(id_or_name)).bind(id_or_name);
  if (!find.step()) return std::nullopt;
  QueryRow row(find);
  Model model = read(row);
  endpoints_.read_into({&model, 1});
  return model;
}

ports::Page<Model> ModelTable::page(const ports::PageRequest& request) const {
  static const std::string sql = select_sql(
      "WHERE (created_at, id) > (?, ?) AND instr(lower(model_name), lower(?)) > 0 ORDER BY created_at, id LIMIT ?");
  const PageStart start = start_of(request.cursor);
  const std::size_t rows = rows_of(request);
  Query list(session_, sql);
  list.bind(start.at).bind(start.id).bind(request.name_contains).bind(rows + 1);
  auto page = read_page<Model>(list, rows, [this](QueryRow& row) { return read(row); });
  endpoints_.read_into(page.rows);
  return page;
}

std::vector<Model> ModelTable::all() const {
  static const std::string sql = select_sql("ORDER BY created_at, id");
  Query list(session_, sql);
  std::vector<Model> models;
  while (list.step()) {
    QueryRow row(list);
    models.push_back(read(row));
  }
  endpoints_.read_into(models);
  return models;
}

}  // namespace obleth::adapters
