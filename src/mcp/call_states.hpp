// The states that an MCP call passes, each made by the stage before it.
//
//   Received → Identified → Addressed → Understood → Bound → Funded → Permitted → Answered → Settled
//
// The first two and the last are the gateway's own. Move-only. The request's connection's thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/request_states.hpp"
#include "mcp/call_clock.hpp"
#include "mcp/call_notes.hpp"
#include "mcp/call_target.hpp"
#include "mcp/server_registry.hpp"
#include "mcp/tool_policy.hpp"
#include "ports/session_book.hpp"

namespace obleth::mcp {

struct Received : gateway::Received {
  CallNotes* notes = nullptr;
  CallTarget target;
};

struct Identified : gateway::Identified {
  CallNotes* notes = nullptr;
  CallTarget target;
};

struct Addressed : Identified {
  std::shared_ptr<const RegisteredServer> server;
  ToolPolicy tools;
};

struct HeldBody {
  std::string bytes;
  gateway::BodyMemory::Lease lease;
};

struct Understood : Addressed {
  std::unique_ptr<HeldBody> body;  // null: none
};

struct Bound : Understood {
  std::string at_server;                      // the target there
  std::optional<ports::SessionName> session;  // that the client names
  bool answers_on_stream = false;             // of the older transport
};

struct Funded : Bound {
  std::vector<gateway::HeldBudget> budgets;  // of one request each
  ServerSlot slot;
};

struct Permitted : Funded {};

struct Answered : Permitted {
  std::unique_ptr<CallClock> clock;
  std::unique_ptr<ports::UpstreamAnswer> answer;  // destroyed before the clock that may call it off
  gateway::AnswerHead head;
  std::string head_lines;  // for the client, complete
};

}  // namespace obleth::mcp
