// The record's tables in PostgreSQL, step by step; safe when several replicas start at once.
#pragma once

#include "adapters/sql/session.hpp"

namespace obleth::adapters {

class PostgresSession;

// Brings the database up to what this version knows, one step per transaction, forward only. A database that a newer
// version has moved on is accepted as long as that version said that the steps known here still suffice. Throws
// StoreFailure; of kind conflict where the database is too new.
void migrate_record(PostgresSession& session);

}  // namespace obleth::adapters
