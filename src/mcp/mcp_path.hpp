// The life of an MCP call, on one screen: the one file that includes its stages. Beside the request path, which gets
// everything else.
//
// One per thread; its services are shared unless said otherwise. Connection's thread.
#pragma once

#include "gateway/request_path.hpp"
#include "mcp/audit_writer.hpp"
#include "mcp/call_states.hpp"
#include "mcp/record_call.hpp"
#include "ports/digest.hpp"
#include "ports/session_book.hpp"

namespace obleth::mcp {

struct McpServices {
  const ServerRegistry& registry;
  ports::SessionBook& sessions;
  const ports::Digest& digest;
  AuditWriter& audit;
};

class McpPath final : public ports::HttpService {
 public:
  // next: what is not below /mcp.
  McpPath(ports::Loop& loop, const gateway::Services& gateway, const McpServices& services, ports::HttpService& next)
      : loop_(loop),
        gateway_(gateway),
        services_(services),
        next_(next),
        held_(gateway.ledger, loop, gateway.entropy.bits128().high) {}

  Task<void> serve(ports::ClientExchange& exchange) override;
  // The gateway drains: who waits for news of a server alone is let go.
  void drain() { draining_.fire(); }
  void note_refused(const ports::RefusedHead& refused) override { next_.note_refused(refused); }

 private:
  Task<void> serve_call(ports::ClientExchange& exchange);
  // receive → identify tenant → address server → read message → find session → reserve → check tools → call → relay.
  Task<gateway::Outcome<gateway::Settled>> walk(Received received, const gateway::Policy& policy);
  Task<gateway::Outcome<Answered>> reach_answer(Received received, const gateway::Policy& policy);
  Task<void> conclude(ports::ClientExchange& exchange, CallNotes& notes, const gateway::Policy& policy,
                      gateway::Outcome<gateway::Settled> end);

  ports::Loop& loop_;
  gateway::Services gateway_;
  McpServices services_;
  ports::HttpService& next_;
  gateway::HeldBudgets held_;
  CancelSignal draining_;
};

}  // namespace obleth::mcp
