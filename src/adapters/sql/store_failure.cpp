#include "adapters/sql/store_failure.hpp"

#include <string>

namespace obleth::adapters {

Fault fault_of_thrown(std::exception_ptr thrown) {
  try {
    std::rethrow_exception(std::move(thrown));
  } catch (const StoreFailure& failure) {
    return failure.fault();
  } catch (const std::exception& unexpected) {
    return store_fault(FaultKind::internal, std::string("the database could not be used: ") + unexpected.what());
  }
}

}  // namespace obleth::adapters
