// Which addresses the gateway never connects to, whatever name led there. Pure; any thread.
//
// Link-local and cloud-metadata addresses are refused always, and so are multicast and broadcast. Private ranges, this
// host and "this network" only when the operator says so, but for the ranges that the operator allows. Checked after
// name resolution, at every connect, so that a name that changes its mind is no way around.
#pragma once

#include <string_view>
#include <vector>

#include "adapters/os/net_address.hpp"

namespace obleth::adapters {

struct AddressPolicy {
  bool block_private_networks = false;
  std::vector<Cidr> allowed;
};

[[nodiscard]] bool is_refused_address(const NetAddress& address, const AddressPolicy& policy);
// A host as it stands in a URL. Only a literal is looked at: a name is looked at where it leads, when it is connected
// to.
[[nodiscard]] bool is_refused_host(std::string_view host, const AddressPolicy& policy);

}  // namespace obleth::adapters
