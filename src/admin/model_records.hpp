// Finding and saving models, for every route that deals with one. Any thread.
#pragma once

#include <string>

#include "admin/model_fields.hpp"
#include "admin/record_desk.hpp"

namespace obleth::admin {

class ModelRecords {
 public:
  explicit ModelRecords(RecordDesk& desk) : desk_(desk) {}

  [[nodiscard]] RecordDesk& desk() const { return desk_; }
  // By id or name.
  Task<Outcome<ModelDoc>> find(std::string id_or_name);
  // Settles and checks what the reading left in next, then commits it. Null before: created.
  Task<Outcome<ModelDoc>> save(const RecordDesk::Turn& turn, const Call& call, const ModelDoc* before, ModelDoc next,
                               Reading& reading);
  // The same for a model whose endpoints are settled already.
  Task<Outcome<ModelDoc>> save_settled(const RecordDesk::Turn& turn, const Call& call, const ModelDoc* before,
                                       ModelDoc next, Reading& reading);
  Task<Outcome<>> remove(const RecordDesk::Turn& turn, const Call& call, const ModelDoc& doc);

  // Health and requests in flight, as they are now.
  void fill_in_state(EndpointDoc& doc) const;
  void fill_in_state(ModelDoc& doc) const;

 private:
  RecordDesk& desk_;
};

}  // namespace obleth::admin
