// Looks every few seconds whether a stream's caller may still use its server. A stream of news has no end of its own:
// who was let in once would hear the server for ever.
//
// One exchange; the connection's thread. Does not move: a look-up that outlasts it must not find it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/cancel_signal.hpp"
#include "gateway/identify_tenant.hpp"
#include "mcp/call_states.hpp"

namespace obleth::mcp {

struct CallerSources {
  ports::KeyDirectory& keys;
  const ServerRegistry& registry;
};

class CallerWatch final : private ports::Timer {
 public:
  // call and its exchange outlive it.
  CallerWatch(const Answered& call, CallerSources sources) : call_(call), sources_(sources) {}
  ~CallerWatch();
  CallerWatch(const CallerWatch&) = delete;
  CallerWatch& operator=(const CallerWatch&) = delete;

  // From now on the call is called off once its caller may not make it any more.
  void begin();
  // Why it was; nullopt: it was not.
  [[nodiscard]] const std::optional<gateway::Refusal>& refusal() const { return refusal_; }

 private:
  // What a look-up that is under way comes back to. It may outlast the exchange, whose head holds the key otherwise.
  struct Asker {
    CallerWatch* watch;  // null: gone
    std::string secret;
  };
  static Task<void> ask_store(std::shared_ptr<Asker> asker, ports::KeyDirectory& keys);

  void expired() override;
  void judge(const ports::KeyLookup& found);
  [[nodiscard]] std::optional<gateway::Refusal> refusal_of(const ports::KeyLookup& found) const;

  const Answered& call_;
  CallerSources sources_;
  std::shared_ptr<Asker> asker_;
  std::optional<gateway::Refusal> refusal_;
};

}  // namespace obleth::mcp
