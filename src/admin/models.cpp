#include "admin/models.hpp"

#include <utility>

#include "admin/paging.hpp"

namespace obleth::admin {
namespace {

const Fields<ModelDoc>& cache_only() {
  static const Fields<ModelDoc> fields = model_fields().only({"cache_enabled", "cache_ttl_secs", "cache_scope"});
  return fields;
}

}  // namespace

ModelDoc new_model(const RecordDesk& desk) {
  ModelDoc doc;
  doc.model.created_at = doc.model.updated_at = desk.now();
  doc.model.id = desk.new_id<ModelId>(doc.model.created_at);
  return doc;
}

void Models::register_in(RouteTable& table) {
  table.section("models");
  table.describe_resource("Model", model_fields());
  table.describe("ModelCache", cache_only().schema(SchemaKind::replace));
  table.add(get("/models", "List models").lists("Model").asks(page_parameters()).answered_by(this, &Models::list));
  table.add(post("/models", "Register a model")
                .takes("ModelCreate")
                .gives("Model", 201)
                .may_answer({409})
                .answered_by(this, &Models::create));
  table.add(get("/models/{id}", "Show a model, by id or name").gives("Model").answered_by(this, &Models::show));
  table.add(put("/models/{id}", "Replace a model")
                .takes("ModelReplace")
                .gives("Model")
                .may_answer({409})
                .answered_by([this](const Call& call) { return edit(call, model_fields(), ReadMode::replace); }));
  table.add(patch("/models/{id}", "Change a model")
                .takes("ModelChange")
                .gives("Model")
                .may_answer({409})
                .answered_by([this](const Call& call) { return edit(call, model_fields(), ReadMode::change); }));
  table.add(del("/models/{id}", "Delete a model").answered_by(this, &Models::remove));
  table.add(put("/models/{id}/cache", "Replace a model's cache settings")
                .takes("ModelCache")
                .gives("Model")
                .answered_by([this](const Call& call) { return edit(call, cache_only(), ReadMode::replace); }));
}

Task<Reply> Models::list(const Call& call) {
  const Outcome<ports::PageRequest> page = requested_page(call);
  if (!page) co_return page.error();
  auto models = co_await records_.desk().store().list_models(*page);
  if (!models) co_return refuse_page(models.error());
  Json rows = Json::list();
  for (Model& model : models->rows) {
    ModelDoc doc = model_doc(std::move(model));
    records_.fill_in_state(doc);
    rows.append(model_fields().show(doc));
  }
  co_return answer(200, list_json(std::move(rows), models->next_cursor));
}

Task<Reply> Models::create(const Call& call) {
  const RecordDesk::Turn turn = co_await records_.desk().turn();
  ModelDoc doc = new_model(records_.desk());
  Reading reading(ReadMode::create);
  model_fields().take(doc, call.body, reading);
  const Outcome<ModelDoc> saved = co_await records_.save(turn, call, nullptr, std::move(doc), reading);
  if (!saved) co_return saved.error();
  co_return answer(201, model_fields().show(*saved));
}

Task<Reply> Models::show(const Call& call) {
  Outcome<ModelDoc> doc = co_await records_.find(call.at("id"));
  if (!doc) co_return doc.error();
  records_.fill_in_state(*doc);
  co_return answer(200, model_fields().show(*doc));
}

Task<Reply> Models::edit(const Call& call, const Fields<ModelDoc>& fields, ReadMode mode) {
  const RecordDesk::Turn turn = co_await records_.desk().turn();
  const Outcome<ModelDoc> current = co_await records_.find(call.at("id"));
  if (!current) co_return current.error();
  ModelDoc next = *current;
  Reading reading(mode);
  fields.take(next, call.body, reading);
  const Outcome<ModelDoc> saved = co_await records_.save(turn, call, &*current, std::move(next), reading);
  if (!saved) co_return saved.error();
  co_return answer(200, model_fields().show(*saved));
}

Task<Reply> Models::remove(const Call& call) {
  const RecordDesk::Turn turn = co_await records_.desk().turn();
  const Outcome<ModelDoc> doc = co_await records_.find(call.at("id"));
  if (!doc) co_return doc.error();
  const Outcome<> removed = co_await records_.remove(turn, call, *doc);
  if (!removed) co_return removed.error();
  co_return no_content();
}

}  // namespace obleth::admin
