// Knows every endpoint's load and health, and chooses among them. One for all threads; any thread.
//
// A model none of whose endpoints works any more holds no slots but one, for a try: the scheduler is told of it, and
// when one answers again. Picks between base URLs only: the pod behind one, and cache affinity, are the router's job
// downstream.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "core/resilience/endpoint_health.hpp"
#include "core/resilience/retry_budget.hpp"
#include "domain/model.hpp"
#include "domain/upstream_address.hpp"
#include "gateway/admission_desk.hpp"

namespace obleth::gateway {

struct EndpointStanding {
  resilience::EndpointHealth::Standing standing = resilience::EndpointHealth::Standing::healthy;
  std::uint32_t in_flight = 0;
  Instant ejected_until;
};

class EndpointDesk {
  using Probe = resilience::EndpointHealth::Probe;
  enum class VisitOutcome : std::uint8_t { unknown, succeeded, answered_with_failure, failed };

 public:
  // One request at one endpoint, from the choice to its end. Move-only.
  class Visit {
   public:
    Visit() = default;
    Visit(EndpointDesk& desk, EndpointId endpoint, Probe probe, std::optional<ModelId> tries_for)
        : desk_(&desk), endpoint_(endpoint), probe_(probe), tries_for_(tries_for) {}
    Visit(Visit&& other) noexcept
        : desk_(std::exchange(other.desk_, nullptr)),
          endpoint_(other.endpoint_),
          probe_(other.probe_),
          tries_for_(other.tries_for_) {}
    Visit& operator=(Visit&& other) noexcept {
      std::swap(desk_, other.desk_);
      std::swap(endpoint_, other.endpoint_);
      std::swap(probe_, other.probe_);
      std::swap(tries_for_, other.tries_for_);
      return *this;
    }
    ~Visit() { end(VisitOutcome::unknown, Instant{}); }
    // Its answer begins, and may take minutes.
    void answers(Instant now) {
      if (desk_ != nullptr && tries_for_) desk_->note_answer(endpoint_, *tries_for_, now);
    }
    void succeeded(Instant now) { end(VisitOutcome::succeeded, now); }
    void answered_with_failure(Instant now) { end(VisitOutcome::answered_with_failure, now); }
    void failed(Instant now) { end(VisitOutcome::failed, now); }  // no whole answer came

   private:
    void end(VisitOutcome outcome, Instant now) {
      if (desk_ != nullptr) std::exchange(desk_, nullptr)->leave(*this, outcome, now);
    }
    friend class EndpointDesk;
    EndpointDesk* desk_ = nullptr;
    EndpointId endpoint_;
    Probe probe_ = Probe::none;
    std::optional<ModelId> tries_for_;  // the endpoint was not known to work
  };

  struct Choice {
    const Endpoint* endpoint = nullptr;
    std::shared_ptr<const UpstreamAddress> address;
    Visit visit;
  };

  // scheduler: null where nobody is to be told.
  explicit EndpointDesk(AdmissionDesk* scheduler = nullptr) : scheduler_(scheduler) {}

  // nullopt: the model has no enabled endpoint with a valid address. tried: those that this request has been to.
  [[nodiscard]] std::optional<Choice> choose(const Model& model, const std::vector<EndpointId>& tried, Instant now);

  // Whether another try would go to an endpoint that this request has not been to.
  [[nodiscard]] bool has_other(const Model& model, const std::vector<EndpointId>& tried, Instant now);

  void note_request();
  [[nodiscard]] bool may_retry();

  [[nodiscard]] EndpointStanding standing(EndpointId endpoint, Instant now) const;
  // Its endpoints may have changed, or what probes found of them: the scheduler is told.
  void look_at(const Model& model, Instant now);
  // The model is gone from the record.
  void forget(ModelId model);
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
    bool answers = false;  // an answer began, and nothing has failed since: however long it is still ejected
    Instant last_answer;
    Instant no_stream_options_until;
  };
  Entry& entry_of(const Endpoint& endpoint);
  void leave(const Visit& visit, VisitOutcome outcome, Instant now);
  void note_answer(EndpointId endpoint, ModelId model, Instant now);
  [[nodiscard]] bool some_endpoint_works(const Model& model);
  void tell(ModelId model, bool works, Instant now);

  AdmissionDesk* scheduler_;  // told under mutex_, so that the latest word is the last
  mutable std::mutex mutex_;
  std::unordered_map<EndpointId, Entry> entries_;  // guarded by mutex_
  std::unordered_set<ModelId> unserved_;           // guarded by mutex_; no endpoint works
  resilience::RetryBudget retries_;                // guarded by mutex_
};

}  // namespace obleth::gateway
