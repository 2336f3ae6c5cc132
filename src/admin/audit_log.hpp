// /audit: who changed what, when and from where. Written by the record desk, read here. Any thread.
#pragma once

#include "admin/record_desk.hpp"
#include "admin/route.hpp"

namespace obleth::admin {

class AuditLog {
 public:
  explicit AuditLog(RecordDesk& desk) : desk_(desk) {}
  void register_in(RouteTable& table);

 private:
  Task<Reply> list(const Call& call);

  RecordDesk& desk_;
};

}  // namespace obleth::admin
