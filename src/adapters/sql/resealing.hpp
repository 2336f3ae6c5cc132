// Brings credentials that a former key sealed under the current one, so that the former can be dropped.
#pragma once

#include "adapters/sql/session.hpp"
#include "ports/secret_sealer.hpp"

namespace obleth::adapters {

// At start, in one transaction; how many there were is logged. What does not open stays as it is, and whoever reads it
// is told why. Faults are thrown as StoreFailure.
void reseal_credentials(SqlSession& session, const ports::SecretSealer& sealer);

}  // namespace obleth::adapters
