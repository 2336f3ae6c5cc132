// The end of an exchange is kept: a row of the ledger for every JSON-RPC message, counters, a log line, and for every
// tool that was called an entry of the audit log: who called it, when, and with what outcome. Connection's thread.
#pragma once

#include "gateway/refuse.hpp"
#include "mcp/audit_writer.hpp"
#include "mcp/call_notes.hpp"
#include "observe/metrics.hpp"
#include "ports/entropy.hpp"
#include "ports/usage_journal.hpp"

namespace obleth::mcp {

struct CallWitnesses {
  ports::Entropy& entropy;
  observe::Metrics& metrics;
  ports::UsageJournal& journal;
  AuditWriter& audit;
};

// Who asked, as the audit log names them.
struct CallActor {
  std::string name;  // "tenant/key"
  std::string address;
};

// Fills in how an exchange ended that was refused.
void note_refusal(CallNotes& notes, const gateway::Refusal& refusal, observe::Metrics& metrics);

// Returns when the rows outlive this process.
Task<void> record_calls(const CallNotes& notes, CallActor actor, CallWitnesses witnesses);

}  // namespace obleth::mcp
