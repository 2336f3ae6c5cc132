// The names of groups in one call, each looked up once.
//
// Thread: lives in one call.
#pragma once

#include <string>

#include "admin/record_names.hpp"
#include "domain/tenant.hpp"

namespace obleth::admin {

class GroupNames : public RecordNames<Group> {
 public:
  explicit GroupNames(RecordDesk& desk) : RecordNames(desk, &ports::RecordStore::find_group) {}

  Task<Outcome<std::string>> name_of(GroupId id);
  // The id of a group that exists, or that was remembered; an unknown name is a fault of the field "group".
  Task<Outcome<GroupId>> id_of(std::string name, Reading& reading);
};

}  // namespace obleth::admin
