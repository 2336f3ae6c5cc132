// What tells how the gateway is: /status for operators, and /health, /ready, /version, /api/v1/openapi.json, which need
// no token. Any thread.
#pragma once

#include "admin/record_desk.hpp"
#include "admin/route.hpp"

namespace obleth::admin {

class StatusPages {
 public:
  // The table is the one that these pages stand in, too: openapi.json is written from it.
  StatusPages(RecordDesk& desk, const RouteTable& table) : desk_(desk), table_(table) {}
  void register_in(RouteTable& table);

 private:
  Task<Reply> status(const Call& call);
  Task<Reply> health(const Call& call);
  Task<Reply> ready(const Call& call);
  Task<Reply> version(const Call& call);
  Task<Reply> openapi(const Call& call);
  [[nodiscard]] std::string not_ready_because() const;

  RecordDesk& desk_;
  const RouteTable& table_;
};

}  // namespace obleth::admin
