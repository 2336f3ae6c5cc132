// Brings credentials that a former key sealed under the current one, so that the former can be dropped.
#pragma once

#include <cstddef>

#include "adapters/sqlite/connection.hpp"
#include "ports/secret_sealer.hpp"

namespace obleth::adapters {

// At start, in one transaction. How many were sealed anew; what does not open stays as it is, and whoever reads it is
// told why. Faults are thrown as StoreFailure.
std::size_t reseal_credentials(SqliteConnection& connection, const ports::SecretSealer& sealer);

}  // namespace obleth::adapters
