#include "admin/model_records.hpp"

#include <utility>

namespace obleth::admin {

Task<Outcome<ModelDoc>> ModelRecords::find(std::string id_or_name) {
  Result<std::optional<Model>> found = co_await desk_.store().find_model(id_or_name);
  if (!found) co_return std::unexpected(refuse_fault(found.error()));
  if (!*found) co_return std::unexpected(not_found("model", id_or_name));
  co_return model_doc(std::move(**found));
}

Task<Outcome<ModelDoc>> ModelRecords::save(const RecordDesk::Turn& turn, const Call& call, const ModelDoc* before,
                                           ModelDoc next, Reading& reading) {
  if (could_read_endpoints(reading, 0)) settle_endpoints(next, before, desk_, reading);
  co_return co_await save_settled(turn, call, before, std::move(next), reading);
}

Task<Outcome<ModelDoc>> ModelRecords::save_settled(const RecordDesk::Turn& turn, const Call& call,
                                                   const ModelDoc* before, ModelDoc next, Reading& reading) {
  check_model(next, before, desk_, reading);
  if (reading.failed()) co_return std::unexpected(refuse_body(reading));
  const bool is_new = before == nullptr;
  if (!is_new) next.model.updated_at = desk_.now();
  Edit edit;
  edit.add(ports::PutModel{model_record(next), is_new},
           model_note(is_new ? "model.create" : "model.update", before, &next), ports::ModelsChanged{});
  const auto done = co_await desk_.commit(turn, call.caller, std::move(edit));
  if (!done) co_return std::unexpected(done.error());
  fill_in_state(next);
  co_return std::move(next);
}

Task<Outcome<>> ModelRecords::remove(const RecordDesk::Turn& turn, const Call& call, const ModelDoc& doc) {
  Edit edit;
  edit.add(ports::DeleteModel{doc.model.id}, model_note("model.delete", &doc, nullptr), ports::ModelsChanged{});
  const auto done = co_await desk_.commit(turn, call.caller, std::move(edit));
  if (!done) co_return std::unexpected(done.error());
  co_return Outcome<>();
}

void ModelRecords::fill_in_state(EndpointDoc& doc) const {
  if (desk_.live().endpoint_state) doc.state = desk_.live().endpoint_state(doc.endpoint.id);
}

void ModelRecords::fill_in_state(ModelDoc& doc) const {
  for (EndpointDoc& endpoint : doc.endpoints)
    fill_in_state(endpoint);
}

}  // namespace obleth::admin
