// Knows every endpoint's load and health, and chooses among them. One for all threads; any thread.
//
// Picks between base URLs only: the pod behind one, and cache affinity, are the router's job downstream.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/resilience/endpoint_health.hpp"
#include "core/resilience/retry_budget.hpp"
#include "domain/model.hpp"
#include "domain/upstream_address.hpp"

namespace obleth::gateway {

struct EndpointStanding {
  resilience::EndpointHealth::Standing standing = resilience::EndpointHealth::Standing::healthy;
  std::uint32_t in_flight = 0;
  Instant ejected_until;
};

class EndpointDesk {
  enum class VisitOutcome : std::uint8_t { unknown, succeeded, answered_with_failure, failed };

 public:
  // One request at one endpoint, from the choice to its end. Move-only.
  class Visit {
   public:
    Visit() = default;
    Visit(EndpointDesk& desk, EndpointId endpoint) : desk_(&desk), endpoint_(endpoint) {}
    Visit(Visit&& other) noexcept : desk_(std::exchange(other.desk_, nullptr)), endpoint_(other.endpoint_) {}
    Visit& operator=(Visit&& other) noexcept {
      std::swap(desk_, other.desk_);
      std::swap(endpoint_, other.endpoint_);
      return *this;
    }
    ~Visit() { end(VisitOutcome::unknown, Instant{}); }
    void succeeded(Instant now) { end(VisitOutcome::succeeded, now); }
    void answered_with_failure(Instant now) { end(VisitOutcome::answered_with_failure, now); }
    void failed(Instant now) { end(VisitOutcome::failed, now); }  // no whole answer came

   private:
    void end(VisitOutcome outcome, Instant now) {
      if (desk_ != nullptr) std::exchange(desk_, nullptr)->leave(endpoint_, outcome, now);
    }
    EndpointDesk* desk_ = nullptr;
    EndpointId endpoint_;
  };

  struct Choice {
    const Endpoint* endpoint = nullptr;
    std::shared_ptr<const UpstreamAddress> address;
    Visit visit;
  };

  // nullopt: the model has no enabled endpoint with a valid address. tried: those that this request has been to.
  [[nodiscard]] std::optional<Choice> choose(const Model& model, const std::vector<EndpointId>& tried, Instant now);

  void note_request();
  [[nodiscard]] bool may_retry();

  [[nodiscard]] EndpointStanding standing(EndpointId endpoint, Instant now) const;
  // What an active probe found.
  void note_probe(EndpointId endpoint, bool alive, Instant now);
  // Traffic was answered within the span, if only with failures: no probe is needed.
  [[nodiscard]] bool answered_since(EndpointId endpoint, Instant since) const;

  // An upstream that does not know stream_options is not asked for usage for ten minutes.
  void note_refuses_stream_options(EndpointId endpoint, Instant now);
  [[nodiscard]] bool refuses_stream_options(EndpointId endpoint, Instant now) const;

 private:
  struct Entry {
    std::string api_base;                            // what address was parsed from
    std::shared_ptr<const UpstreamAddress> address;  // null: not valid
    resilience::EndpointHealth health;
    std::uint32_t in_flight = 0;
    Instant last_answer;
    Instant no_stream_options_until;
  };
  Entry& entry_of(const Endpoint& endpoint);
  void leave(EndpointId endpoint, VisitOutcome outcome, Instant now);

  mutable std::mutex mutex_;
  std::unordered_map<EndpointId, Entry> entries_;  // guarded by mutex_
  resilience::RetryBudget retries_;                // guarded by mutex_
};

}  // namespace obleth::gateway
