// Where the Management API is and what opens it: flags, else variables, else ~/.config/obleth/config.toml.
#pragma once

#include <string>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "cli/surroundings.hpp"
#include "domain/upstream_address.hpp"

namespace obleth::cli {

inline constexpr const char* default_admin_url = "http://127.0.0.1:9090";

struct AdminFlags {
  std::string url;    // --url; empty: not given
  std::string token;  // --token
};

struct AdminAddress {
  UpstreamAddress server;
  Secret token;
};

// Fault: invalid, when the address is no URL, the file cannot be read, or no token is found anywhere.
[[nodiscard]] Result<AdminAddress> find_admin(const AdminFlags& flags, const Surroundings& surroundings);

}  // namespace obleth::cli
