// /fairshare/groups: the groups of tenants and their weights. Any thread.
#pragma once

#include "admin/group_fields.hpp"
#include "admin/record_desk.hpp"
#include "admin/route.hpp"

namespace obleth::admin {

class Groups {
 public:
  explicit Groups(RecordDesk& desk) : desk_(desk) {}
  void register_in(RouteTable& table);

 private:
  Task<Reply> list(const Call& call);
  Task<Reply> create(const Call& call);
  Task<Reply> show(const Call& call);
  Task<Reply> edit(const Call& call, const Fields<Group>& fields, ReadMode mode);
  Task<Reply> remove(const Call& call);

  Task<Outcome<Group>> find(std::string name);

  RecordDesk& desk_;
};

}  // namespace obleth::admin
