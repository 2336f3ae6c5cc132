// /admin-tokens: who else may use this API, and in which role. A token is answered once, when it is made. Any thread.
#pragma once

#include "admin/record_desk.hpp"
#include "admin/route.hpp"

namespace obleth::admin {

class AdminTokens {
 public:
  explicit AdminTokens(RecordDesk& desk) : desk_(desk) {}
  void register_in(RouteTable& table);

 private:
  Task<Reply> list(const Call& call);
  Task<Reply> create(const Call& call);
  Task<Reply> remove(const Call& call);

  RecordDesk& desk_;
};

}  // namespace obleth::admin
