// The names of the tenants that the scheduler knows, for gauges: read from the record now and then, off the request
// path.
//
// refresh() on the administration loop; name_of() from the thread that renders the metrics, the same.
#pragma once

#include <string>
#include <unordered_map>

#include "base/task.hpp"
#include "core/fairshare/admission.hpp"
#include "ports/record_store.hpp"

namespace obleth::app {

class TenantNames {
 public:
  static constexpr std::size_t names_max = 1000;  // more tenants than that are "other" in the metrics

  explicit TenantNames(ports::RecordStore& store) : store_(store) {}

  // Asks for those that are not known yet, and anew for all once in a while: tenants are renamed. What is known stays
  // until all has been read anew, and where the record does not answer.
  Task<void> refresh(const fairshare::Snapshot& snapshot);
  [[nodiscard]] std::string name_of(TenantId tenant) const;  // empty: not known

 private:
  using Names = std::unordered_map<TenantId, std::string>;

  // Those that names lacks. False: the record does not answer.
  Task<bool> read_into(Names& names, const fairshare::Snapshot& snapshot);

  ports::RecordStore& store_;
  Names names_;
  int rounds_ = 0;
};

}  // namespace obleth::app
