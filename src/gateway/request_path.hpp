// The life of a request, on one screen: from one stage to the next.
//
// One per thread; its services are shared unless said otherwise. Connection's thread.
#pragma once

#include <memory>
#include <variant>

#include "gateway/admission_desk.hpp"
#include "gateway/body_memory.hpp"
#include "gateway/endpoint_desk.hpp"
#include "gateway/estimates.hpp"
#include "gateway/failed_key_throttle.hpp"
#include "gateway/policy_board.hpp"
#include "gateway/recall_response.hpp"
#include "gateway/refuse.hpp"
#include "gateway/relay_reply.hpp"
#include "gateway/request_states.hpp"
#include "observe/health.hpp"
#include "observe/metrics.hpp"
#include "ports/budget_ledger.hpp"
#include "ports/entropy.hpp"
#include "ports/http_service.hpp"
#include "ports/key_directory.hpp"
#include "ports/model_catalog.hpp"
#include "ports/upstream.hpp"
#include "ports/usage_journal.hpp"

namespace obleth::gateway {

// What the stages may ask. policy, upstream and journal are the thread's own.
struct Services {
  ThreadPolicy& policy;
  ports::Entropy& entropy;
  ports::KeyDirectory& keys;
  FailedKeyThrottle& failed_keys;
  const ports::ModelCatalog& catalog;
  ports::BudgetLedger& ledger;
  ports::Upstream& upstream;
  AdmissionDesk& desk;
  EndpointDesk& endpoints;
  BodyMemory& body_memory;
  Estimates& estimates;
  observe::Metrics& metrics;
  observe::Readiness& readiness;
  ports::UsageJournal& journal;
  ResponseMemory responses;
};

class RequestPath final : public ports::HttpService {
 public:
  RequestPath(ports::Loop& loop, const Services& services)
      : loop_(loop), services_(services), held_(services.ledger, loop, services.entropy.bits128().high) {}

  Task<void> serve(ports::ClientExchange& exchange) override;
  void note_refused(const ports::RefusedHead& refused) override;

 private:
  // An upstream's that begins; or one that was settled without: recalled, or told by obleth itself. monostate: to one
  // who needs no key, and told already.
  using Answer = std::variant<std::monostate, std::unique_ptr<ReplyRelay>, Settled>;

  Task<Outcome<Answer>> reach_answer(ports::ClientExchange& exchange, UsageRecord& record, const Policy& policy);
  // identify tenant → resolve model → recall → price → reserve budget → await turn → soften. A coroutine of its own, so
  // that its states are gone while the upstream works. Settled: it was recalled, and takes no turn.
  using Turn = std::variant<std::unique_ptr<Softened>, Settled>;
  Task<Outcome<Turn>> reach_turn(Received&& received, const Policy& policy);
  Task<Outcome<Answer>> answer_locally(Received&& received, const Policy& policy);
  Outcome<Answer> settle_reply(ReplyRelay& reply);
  Task<void> conclude(ports::ClientExchange& exchange, UsageRecord& record, const Policy& policy, Outcome<Answer>& end);

  ports::Loop& loop_;
  Services services_;
  HeldBudgets held_;
};

}  // namespace obleth::gateway
