// Whose a session is: a client that opened one at an MCP server is the only one that may go on with it.
//
// Names are digests, so that a book tells nobody a session that could be used. An entry that was not used for
// session_idle_max is forgotten. Any thread.
#pragma once

#include <optional>
#include <string>

#include "base/instant.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "domain/ids.hpp"
#include "ports/digest.hpp"

namespace obleth::ports {

inline constexpr Duration session_idle_max = std::chrono::hours(24);

// Of the server and the session's id together.
using SessionName = Sha256;

struct SessionEntry {
  TenantId tenant;
  KeyId key;
  std::string target;  // where its messages go at the server; empty: where the request itself says
  bool operator==(const SessionEntry&) const = default;
};

class SessionBook {
 public:
  virtual ~SessionBook() = default;
  // The name is free, or was this owner's: it is now. False: it is somebody else's, and stays so. A book that is full
  // forgets what was used least recently, of the same tenant where that tenant has more than its part.
  virtual Task<Result<bool>> bind(const SessionName& name, const SessionEntry& entry) = 0;
  // Used now. nullopt: nobody's.
  virtual Task<Result<std::optional<SessionEntry>>> find(const SessionName& name) = 0;
  virtual Task<Result<void>> forget(const SessionName& name) = 0;
};

}  // namespace obleth::ports
