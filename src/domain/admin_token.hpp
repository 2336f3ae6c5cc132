// Who may use the Management API, and the record of what they changed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/instant.hpp"
#include "domain/api_key.hpp"
#include "domain/ids.hpp"

namespace obleth {

enum class AdminRole : std::uint8_t { admin, viewer };

struct AdminToken {
  AdminTokenId id;
  std::string name;
  std::string prefix;
  SecretHash hash;
  AdminRole role = AdminRole::viewer;
  WallTime created_at;
  bool operator==(const AdminToken&) const = default;
};

// One change through the Management API or command line. before and after are JSON with secrets masked.
struct AuditEntry {
  AuditId id;
  WallTime at;
  std::string actor;  // the admin token's name
  std::string remote_address;
  std::string action;       // "tenant.create", "key.disable", …
  std::string target_kind;  // "tenant", "key", …
  std::string target;       // id
  std::string target_name;
  std::string before_json;  // empty = none
  std::string after_json;
};

}  // namespace obleth
