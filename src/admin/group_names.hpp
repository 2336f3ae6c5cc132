// Groups are named in JSON and referred to by id in records: the names of one call, each looked up once.
//
// Thread: lives in one call.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "admin/record_desk.hpp"
#include "admin/reply.hpp"
#include "base/task.hpp"
#include "domain/tenant.hpp"

namespace obleth::admin {

class GroupNames {
 public:
  explicit GroupNames(RecordDesk& desk) : desk_(desk) {}

  Task<Outcome<std::string>> name_of(GroupId id);
  // The id of a group that exists, or that was remembered; an unknown name is a fault of the field "group".
  Task<Outcome<GroupId>> id_of(std::string name, Reading& reading);
  // A group that is about to be made.
  void remember(const Group& group);

 private:
  RecordDesk& desk_;
  std::map<GroupId, std::string> names_;
  std::map<std::string, GroupId> ids_;
};

}  // namespace obleth::admin
