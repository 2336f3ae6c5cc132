// A tenant: a team that shares the cluster. And a group of tenants.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/instant.hpp"
#include "domain/access_schedule.hpp"
#include "domain/budget.hpp"
#include "domain/ids.hpp"

namespace obleth {

inline constexpr std::uint32_t default_weight = 100;
inline constexpr std::uint32_t weight_max = 1'000'000;
inline constexpr std::size_t name_length_max = 120;  // characters, not bytes

enum class TenantStatus : std::uint8_t { active, suspended, archived };

// allow: cut answers short when over share. never: wait instead. first: half the threshold.
enum class BrownoutPolicy : std::uint8_t { allow, never, first };

struct Group {
  GroupId id;
  std::string name;
  std::uint32_t weight = default_weight;
  std::optional<std::uint32_t> max_in_flight;
  WallTime created_at;
  WallTime updated_at;
  bool operator==(const Group&) const = default;
};

inline constexpr const char* default_group_name = "default";

struct Tenant {
  TenantId id;
  std::string name;
  std::string description;
  GroupId group;
  std::uint32_t weight = default_weight;
  Quota quota;
  std::optional<Budget> budget;
  std::optional<std::vector<std::string>> allowed_models;  // absent = all; names as clients send them
  TenantStatus status = TenantStatus::active;
  AccessSchedule schedule;
  BrownoutPolicy brownout = BrownoutPolicy::allow;
  std::optional<std::uint32_t> brownout_wait_ms;  // absent = the gateway's own threshold
  WallTime created_at;
  WallTime updated_at;
  bool operator==(const Tenant&) const = default;
};

}  // namespace obleth
