// The identifiers of the product's things. All are 128 random bits.
#pragma once

#include "base/strong_id.hpp"

namespace obleth {

using TenantId = StrongId<struct TenantTag>;
using KeyId = StrongId<struct KeyTag>;
using GroupId = StrongId<struct GroupTag>;
using ModelId = StrongId<struct ModelTag>;
using EndpointId = StrongId<struct EndpointTag>;
using McpServerId = StrongId<struct McpServerTag>;
using AdminTokenId = StrongId<struct AdminTokenTag>;
using AuditId = StrongId<struct AuditTag>;

// Identifies one request everywhere: reservation, ledger row, explanation, upstream request, log and trace.
using EventId = StrongId<struct EventTag>;

}  // namespace obleth
