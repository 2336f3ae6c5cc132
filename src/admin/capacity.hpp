// /capacity: how many requests may be at the upstreams at a time, over all models. Kept, and applied at once.
// Any thread.
#pragma once

#include <optional>

#include "admin/fields.hpp"
#include "admin/record_desk.hpp"
#include "admin/route.hpp"

namespace obleth::admin {

inline constexpr const char* capacity_setting = "capacity";  // as the record keeps it

struct CapacityDoc {
  std::uint32_t max_in_flight = 0;
  std::uint32_t in_flight = 0;
  std::uint32_t queued = 0;
};

[[nodiscard]] const Fields<CapacityDoc>& capacity_fields();
// What was set here, else what the gateway started with.
Task<Outcome<CapacityDoc>> current_capacity(RecordDesk& desk);
void add_capacity(Edit& edit, const CapacityDoc& before, const CapacityDoc& after);

class Capacity {
 public:
  explicit Capacity(RecordDesk& desk) : desk_(desk) {}
  void register_in(RouteTable& table);

 private:
  Task<Reply> show(const Call& call);
  Task<Reply> replace(const Call& call);

  RecordDesk& desk_;
};

}  // namespace obleth::admin
