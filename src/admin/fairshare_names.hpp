// Names for the ids that the scheduler works with, kept for a few seconds, for names change rarely, and for as long as
// the record cannot tell them anew.
//
// What cannot be named is told by its id. Thread: the administration's.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "admin/group_names.hpp"
#include "admin/record_desk.hpp"
#include "base/task.hpp"
#include "core/fairshare/admission.hpp"

namespace obleth::admin {

// What was known when it was asked for; does not change afterwards.
class FairshareNames {
 public:
  [[nodiscard]] std::string tenant(TenantId id) const;
  [[nodiscard]] std::string group(GroupId id) const;
  [[nodiscard]] std::string model(ModelId id) const;  // empty: no model, or it is gone

 private:
  friend class FairshareNameBook;
  std::map<GroupId, std::string> groups_;
  std::map<TenantId, std::string> tenants_;
  std::map<ModelId, std::string> models_;
};

struct FairshareIds {
  std::vector<TenantId> tenants;
  std::vector<GroupId> groups;
  std::vector<ModelId> models;
  void add(const fairshare::Snapshot& snapshot);
};

class FairshareNameBook {
 public:
  explicit FairshareNameBook(RecordDesk& desk) : desk_(desk) {}

  Task<std::shared_ptr<const FairshareNames>> names_of(FairshareIds ids);

 private:
  RecordDesk& desk_;
  std::shared_ptr<FairshareNames> known_ = std::make_shared<FairshareNames>();
  std::shared_ptr<const FairshareNames> former_ = known_;  // those before
  WallTime begun_;                                         // when known_ was
};

}  // namespace obleth::admin
