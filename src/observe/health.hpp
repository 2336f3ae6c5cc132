// Whether the process takes requests, and what its stores say. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace obleth::observe {

struct StoreHealth {
  bool up = false;
  std::string detail;  // why not, for a person; never a credential
};

// This process's part of the slots, where several replicas share them.
struct SlotHealth {
  std::uint32_t lease = 0;     // slots that it may use
  std::uint32_t replicas = 1;  // that share the capacity
  bool shared = false;         // false: the others are not heard, and it goes on with its part alone
};

// Ready: the configuration is loaded and the process is not draining. A store that is down is told and makes no
// replica unready: all of them would leave the balancer at once.
class Readiness {
 public:
  void configuration_loaded() { loaded_ = true; }
  void start_draining() { draining_ = true; }
  // The notice is over: what comes now is refused.
  void stop_serving() { serving_ = false; }
  void set_store(std::string_view name, bool up, std::string_view detail = {});
  void set_slots(const SlotHealth& slots);
  // What start-up waits for, told until the configuration is loaded.
  void waiting_for(std::string_view what);

  [[nodiscard]] bool ready() const { return loaded_ && !draining_; }
  [[nodiscard]] bool draining() const { return draining_; }
  [[nodiscard]] bool loaded() const { return loaded_; }
  // New requests are taken; also for a while after draining has begun.
  [[nodiscard]] bool serving() const { return serving_; }
  // Why not ready; empty when it is.
  [[nodiscard]] std::string reason() const;
  [[nodiscard]] std::map<std::string, StoreHealth> stores() const;
  [[nodiscard]] std::optional<SlotHealth> slots() const;
  // {"ready":false,"reason":"draining","stores":{"sqlite":{"up":true,"detail":null}}}; reason is null when ready.
  // Where slots are shared, "slots":{"shared":true,"lease":8,"replicas":2} besides.
  [[nodiscard]] std::string detail_json() const;

 private:
  std::atomic<bool> loaded_ = false;
  std::atomic<bool> draining_ = false;
  std::atomic<bool> serving_ = true;
  mutable std::mutex mutex_;
  std::string waiting_for_;
  std::map<std::string, StoreHealth> stores_;
  std::optional<SlotHealth> slots_;
};

}  // namespace obleth::observe
