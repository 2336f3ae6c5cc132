// What has changed in the configuration, told to everything in this process that holds a copy of it.
//
// In-process in embedded mode; Redis or PostgreSQL carry it to other replicas.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"
#include "domain/ids.hpp"

namespace obleth::ports {

// After a reconnect: drop what may have been missed.
struct EverythingChanged {
  auto operator<=>(const EverythingChanged&) const = default;
};
struct ModelsChanged {
  auto operator<=>(const ModelsChanged&) const = default;
};
struct GroupsChanged {
  auto operator<=>(const GroupsChanged&) const = default;
};
struct McpServersChanged {
  auto operator<=>(const McpServersChanged&) const = default;
};
// Capacity among them.
struct SettingsChanged {
  auto operator<=>(const SettingsChanged&) const = default;
};
struct AdminTokensChanged {
  auto operator<=>(const AdminTokensChanged&) const = default;
};
struct TenantChanged {
  TenantId tenant;
  auto operator<=>(const TenantChanged&) const = default;
};
struct KeyChanged {
  KeyId key;
  TenantId tenant;
  auto operator<=>(const KeyChanged&) const = default;
};

using Change = std::variant<EverythingChanged, ModelsChanged, GroupsChanged, McpServersChanged, SettingsChanged,
                            AdminTokensChanged, TenantChanged, KeyChanged>;

class ChangeFeed {
 public:
  virtual ~ChangeFeed() = default;
  virtual void publish(const Change& change) = 0;  // to this process's listeners; any thread, after the commit
  // To the other replicas, where there may be some, what was published here. Fault: not all of it could be told; they
  // find it by their poll of the record's version.
  virtual Task<Result<void>> tell_replicas(std::vector<Change> changes) = 0;
  // Called on the publishing thread or the feed's own; quick, and takes no lock that a publisher holds.
  virtual void subscribe(std::function<void(const Change&)> listener) = 0;  // at start, before the first publish
};

}  // namespace obleth::ports
