// /fairshare/explain/{request_id}: why a request waited, in figures and in a sentence. Thread: the administration's.
#pragma once

#include "admin/fairshare_names.hpp"
#include "admin/record_desk.hpp"
#include "admin/route.hpp"

namespace obleth::admin {

class ExplainView {
 public:
  ExplainView(RecordDesk& desk, FairshareNameBook& names) : desk_(desk), names_(names) {}
  void register_in(RouteTable& table);

 private:
  Task<Reply> explain(const Call& call);

  RecordDesk& desk_;
  FairshareNameBook& names_;
};

}  // namespace obleth::admin
