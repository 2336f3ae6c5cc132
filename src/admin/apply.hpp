// /apply and /export: the whole configuration as one document, taken in one transaction, given back without secrets.
// Any thread.
#pragma once

#include "admin/record_desk.hpp"
#include "admin/route.hpp"

namespace obleth::admin {

class Apply {
 public:
  explicit Apply(RecordDesk& desk) : desk_(desk) {}
  void register_in(RouteTable& table);

 private:
  Task<Reply> apply(const Call& call);
  Task<Reply> give(const Call& call);

  Task<Outcome<Json>> tenants_json();
  Task<Outcome<Json>> mcp_servers_json();
  Task<Outcome<Json>> document();

  RecordDesk& desk_;
};

}  // namespace obleth::admin
