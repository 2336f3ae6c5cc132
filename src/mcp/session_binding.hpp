// Sessions belong to the tenant and key that opened them: to anybody else they do not exist. Connection's thread.
//
// Streamable HTTP names a session in Mcp-Session-Id. The older transport names it in the URL that it announces as its
// stream's first event; once a server has announced one, the path of its messages takes no other.
#pragma once

#include "gateway/refuse.hpp"
#include "mcp/call_states.hpp"
#include "ports/digest.hpp"
#include "ports/session_book.hpp"

namespace obleth::mcp {

struct SessionSources {
  ports::SessionBook& book;
  const ports::Digest& digest;
};

// 404 where the request names a session that is not this caller's; where it is, says where it goes.
Task<gateway::Outcome<Bound>> find_session(Understood understood, SessionSources sources);

// The server opened a session for this caller, or ended the one that it had.
Task<gateway::Outcome<void>> note_session(const Answered& answered, const ResponseHead& head, SessionSources sources);

// The older transport announced where messages go. The answer: the client's own target for them.
Task<gateway::Outcome<std::string>> bind_endpoint(const Answered& answered, std::string endpoint,
                                                  SessionSources sources);

}  // namespace obleth::mcp
