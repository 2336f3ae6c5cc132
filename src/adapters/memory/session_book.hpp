// The session book of a gateway that stands alone, in this process. Bounded; any thread.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <list>
#include <mutex>

#include "ports/clock.hpp"
#include "ports/session_book.hpp"

namespace obleth::adapters {

struct SessionBounds {
  std::size_t sessions_max = 100'000;
  std::size_t tenant_sessions_max = 10'000;  // one tenant cannot push out everybody else's
};

class MemorySessionBook final : public ports::SessionBook {
 public:
  explicit MemorySessionBook(const ports::Clock& clock, SessionBounds bounds = {}) : clock_(clock), bounds_(bounds) {}

  Task<Result<bool>> bind(const ports::SessionName& name, const ports::SessionEntry& entry) override;
  Task<Result<std::optional<ports::SessionEntry>>> find(const ports::SessionName& name) override;
  Task<Result<void>> forget(const ports::SessionName& name) override;

  [[nodiscard]] std::size_t size() const;

 private:
  struct Kept {
    ports::SessionName name{};
    ports::SessionEntry entry;
    Instant used;
  };
  using Order = std::list<Kept>;  // the one used least recently first
  struct HashName {
    std::size_t operator()(const ports::SessionName& name) const;
  };

  Order::iterator touch(Order::iterator kept, Instant now);
  void erase(Order::iterator kept);
  void make_room(TenantId tenant);
  void forget_idle(Instant now);

  const ports::Clock& clock_;
  const SessionBounds bounds_;
  mutable std::mutex mutex_;
  Order order_;
  boost::unordered_flat_map<ports::SessionName, Order::iterator, HashName> by_name_;
  boost::unordered_flat_map<TenantId, std::size_t> of_tenant_;  // how many; a tenant without any is not in it
};

}  // namespace obleth::adapters
