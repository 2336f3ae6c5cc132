// /usage/export.csv: every row that the filters leave, oldest first, streamed. At most one page is held at a time, and
// a client that reads slowly makes the ledger wait for nothing. Any thread.
#pragma once

#include "admin/record_desk.hpp"
#include "admin/route.hpp"

namespace obleth::admin {

class UsageExport {
 public:
  explicit UsageExport(RecordDesk& desk) : desk_(desk) {}
  void register_in(RouteTable& table);

 private:
  Task<void> stream(const Call& call, ports::ClientExchange& exchange);

  RecordDesk& desk_;
};

}  // namespace obleth::admin
