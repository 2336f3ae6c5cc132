// /models: what clients may name, at which price and with which limits. Any thread.
#pragma once

#include "admin/model_records.hpp"
#include "admin/route.hpp"

namespace obleth::admin {

class Models {
 public:
  explicit Models(RecordDesk& desk) : records_(desk) {}
  void register_in(RouteTable& table);

 private:
  Task<Reply> list(const Call& call);
  Task<Reply> create(const Call& call);
  Task<Reply> show(const Call& call);
  Task<Reply> edit(const Call& call, const Fields<ModelDoc>& fields, ReadMode mode);
  Task<Reply> remove(const Call& call);

  ModelRecords records_;
};

[[nodiscard]] ModelDoc new_model(const RecordDesk& desk);

}  // namespace obleth::admin
