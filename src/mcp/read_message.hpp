// What is asked: the JSON-RPC messages of a POST, read beside the forwarding and never written anew. Connection's
// thread.
#pragma once

#include "gateway/refuse.hpp"
#include "mcp/call_states.hpp"
#include "ports/digest.hpp"

namespace obleth::mcp {

inline constexpr std::uint64_t message_bytes_max = 16ULL << 20;

struct MessageSources {
  gateway::BodyMemory& memory;
  const ports::Digest& digest;
};

Task<gateway::Outcome<Understood>> read_message(Addressed addressed, MessageSources sources);

}  // namespace obleth::mcp
