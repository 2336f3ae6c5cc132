#include "adapters/postgres/postgres_fault.hpp"

namespace obleth::adapters {

bool was_in_conflict(std::string_view state) {
  return state == "40001" || state == "40P01";
}

Fault fault_of_state(std::string_view state, const std::string& detail) {
  const std::string said = "PostgreSQL says: " + detail;
  if (state == "23503") {
    return client_fault(FaultKind::conflict, "the change names a record that does not exist, or one that others need");
  }
  if (state.starts_with("23"))
    return client_fault(FaultKind::conflict, "the change does not fit the record: " + detail);
  if (state.starts_with("22")) return client_fault(FaultKind::invalid, "a value cannot be stored: " + detail);
  if (state == "53100" || state == "53200") {
    return store_fault(FaultKind::exhausted, said + ". Free space on the database server, then try again");
  }
  // Out of connections, shutting down or starting up, not the primary, no right to, too slow, in conflict for ever.
  if (state.starts_with("53") || state.starts_with("57") || state.starts_with("08") || state.starts_with("25") ||
      state.starts_with("28") || state.starts_with("3D") || state.starts_with("40") || state.starts_with("58") ||
      state == "42501" || state == "55P03") {
    return store_fault(FaultKind::unavailable, said);
  }
  return store_fault(FaultKind::internal, said);
}

}  // namespace obleth::adapters
