// Carries changes of the configuration to the running scheduler, so that they act on requests that are queued already.
//
// Reads the record anew and steps the engine; a change that cannot be read now is read when the version poll next finds
// the record ahead. One loop's thread (the administration's).
#pragma once

#include <functional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"
#include "gateway/admission_desk.hpp"
#include "gateway/endpoint_desk.hpp"
#include "ports/change_feed.hpp"
#include "ports/clock.hpp"
#include "ports/model_catalog.hpp"
#include "ports/record_store.hpp"

namespace obleth::gateway {

inline constexpr std::string_view capacity_setting = "capacity";  // slots, as the record keeps it

// Names and values as the record keeps them.
using StoredSettings = std::vector<std::pair<std::string, std::string>>;

class ConfigurationFollower {
 public:
  struct Sources {
    ports::RecordStore& store;
    ports::ModelCatalog& catalog;
    const ports::Clock& clock;
    std::uint32_t default_capacity = 0;                         // where the record says nothing
    std::function<Task<Result<void>>()> reload_catalog;         // reads the models of the record anew
    std::function<Task<Result<void>>()> reload_mcp_servers;     // likewise; empty: there are none
    std::function<void(const StoredSettings&)> apply_settings;  // those that are no business of the scheduler
  };

  ConfigurationFollower(const Sources& sources, AdmissionDesk& desk, EndpointDesk& endpoints)
      : sources_(sources), desk_(desk), endpoints_(endpoints) {}

  // At start, before the gateway is ready: models, groups, capacity.
  Task<Result<void>> load();
  Task<Result<void>> follow(ports::Change change);

 private:
  Task<Result<void>> follow_models();
  Task<Result<void>> follow_groups();
  Task<Result<void>> follow_mcp_servers();
  Task<Result<void>> follow_settings();
  Task<Result<void>> follow_tenant(TenantId id);
  Task<Result<void>> follow_key(ports::KeyChanged change);
  Task<Result<void>> follow_active();

  Sources sources_;
  AdmissionDesk& desk_;
  EndpointDesk& endpoints_;
  std::unordered_set<ModelId> known_models_;
  std::unordered_set<GroupId> known_groups_;
};

}  // namespace obleth::gateway
