// /models/{id}/endpoints: the base URLs that serve one model. Any thread.
#pragma once

#include "admin/model_records.hpp"
#include "admin/route.hpp"

namespace obleth::admin {

class ModelEndpoints {
 public:
  explicit ModelEndpoints(RecordDesk& desk) : records_(desk) {}
  void register_in(RouteTable& table);

 private:
  Task<Reply> list(const Call& call);
  Task<Reply> create(const Call& call);
  Task<Reply> replace(const Call& call);
  Task<Reply> remove(const Call& call);

  ModelRecords records_;
};

}  // namespace obleth::admin
