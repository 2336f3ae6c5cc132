// POST /models/{id}/test: one real request to the upstream, and what came of it. Any thread.
#pragma once

#include "admin/model_records.hpp"
#include "admin/route.hpp"

namespace obleth::admin {

class ModelTrial {
 public:
  explicit ModelTrial(RecordDesk& desk) : records_(desk) {}
  void register_in(RouteTable& table);

 private:
  Task<Reply> run(const Call& call);

  ModelRecords records_;
};

}  // namespace obleth::admin
