// How a fault travels inside this adapter: thrown where it is found, caught once where a call enters the adapter.
// No StoreFailure leaves the adapter; what leaves is the Fault in it.
#pragma once

#include <exception>
#include <string>
#include <utility>

#include "base/error.hpp"

struct sqlite3;

namespace obleth::adapters {

class StoreFailure : public std::exception {
 public:
  explicit StoreFailure(Fault fault) : fault_(std::move(fault)) {}
  [[nodiscard]] const char* what() const noexcept override { return fault_.message.c_str(); }
  [[nodiscard]] const Fault& fault() const { return fault_; }

 private:
  Fault fault_;
};

// The request asks for what the record does not allow.
[[noreturn]] void refuse(FaultKind kind, std::string message, std::string field = {});

// SQLite's last error on this database (null: while it was being opened), as a fault that says what to do.
[[noreturn]] void throw_sqlite_error(sqlite3* database, const std::string& path);

}  // namespace obleth::adapters
