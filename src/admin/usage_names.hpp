// What the ledger's ids are called today; of what was deleted, what the ledger last heard. Each is asked for once.
//
// Holds at most names_max of a kind. A store that does not answer leaves the name away: ids always tell.
// Thread: lives in one call.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "admin/record_desk.hpp"
#include "admin/usage_row_columns.hpp"
#include "base/task.hpp"
#include "ports/usage_ledger.hpp"

namespace obleth::admin {

class UsageNames {
 public:
  static constexpr std::size_t names_max = 10'000;

  explicit UsageNames(RecordDesk& desk) : desk_(desk) {}

  Task<std::string> tenant(TenantId id, std::string heard);
  Task<std::optional<std::string>> key(KeyId id);
  // The ids of a model or group that exists; nothing where it does not.
  Task<std::optional<std::string>> model_id(std::string name);
  Task<std::optional<std::string>> group_id(std::string name);

  Task<UsageRowDoc> doc(UsageRecord record);
  // The members that name it: tenant_id and tenant, model_id and model, …
  Task<Json::Object> group_members(ports::UsageGroup group, ports::UsageDimension by);

 private:
  template <class Map>
  static void keep_bounded(Map& map) {
    if (map.size() >= names_max) map.clear();
  }

  RecordDesk& desk_;
  std::map<TenantId, std::string> tenants_;
  std::map<KeyId, std::optional<std::string>> keys_;
};

}  // namespace obleth::admin
