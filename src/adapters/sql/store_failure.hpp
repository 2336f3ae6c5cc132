// How a fault travels inside the SQL adapters: thrown where it is found, caught once where a call enters the adapter.
// No StoreFailure leaves an adapter; what leaves is the Fault in it.
#pragma once

#include <exception>
#include <string>
#include <utility>

#include "base/error.hpp"

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
[[noreturn]] inline void refuse(FaultKind kind, std::string message, SeldomText field = {}) {
  throw StoreFailure(client_fault(kind, std::move(message), std::move(field)));
}

// At the adapter's edge: what was thrown, as a fault.
[[nodiscard]] Fault fault_of_thrown(std::exception_ptr thrown);

}  // namespace obleth::adapters
