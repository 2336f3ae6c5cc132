#include "mcp/caller_watch.hpp"

#include <chrono>
#include <utility>

#include "mcp/refuse_call.hpp"
#include "mcp/tool_policy.hpp"

namespace obleth::mcp {
namespace {

constexpr Duration look_again_after = std::chrono::seconds(3);

}  // namespace

CallerWatch::~CallerWatch() {
  call_.loop->disarm(*this);
  if (asker_ != nullptr) asker_->watch = nullptr;
}

void CallerWatch::begin() {
  const auto secret = gateway::presented_key(call_.exchange->head().fields);
  if (!secret) return;
  asker_ = std::make_shared<Asker>(this, std::string(*secret));
  call_.loop->arm(*this, call_.loop->now() + look_again_after);
}

void CallerWatch::expired() {
  if (const auto known = sources_.keys.recall(asker_->secret)) return judge(*known);
  spawn(ask_store(asker_, sources_.keys));
}

// By itself: a store that is slow holds the next look up, and the stream not at all.
Task<void> CallerWatch::ask_store(std::shared_ptr<Asker> asker, ports::KeyDirectory& keys) {
  const ports::KeyLookup found = co_await keys.find(asker->secret);
  if (asker->watch != nullptr) asker->watch->judge(found);
}

// To call it off is the last that it does: the call may end within.
void CallerWatch::judge(const ports::KeyLookup& found) {
  refusal_ = refusal_of(found);
  if (!refusal_) return call_.loop->arm(*this, call_.loop->now() + look_again_after);
  if (!call_.clock->signal().fired()) call_.clock->signal().fire();
}

std::optional<gateway::Refusal> CallerWatch::refusal_of(const ports::KeyLookup& found) const {
  if (found.outcome == ports::KeyOutcome::unavailable) return std::nullopt;  // nobody says that it was closed
  if (found.outcome == ports::KeyOutcome::unknown) return gateway::no_api_key("The API key is not valid any more.");
  if (auto closed = gateway::closed_to(*found.resolved, call_.loop->wall_now())) return closed;
  const std::shared_ptr<const RegisteredServer> server = sources_.registry.find(call_.target.server);
  const bool serves = server != nullptr && server->record.enabled && ToolPolicy::of(server->record, *found.resolved);
  if (!serves) return unknown_server(call_.target.server);
  return std::nullopt;
}

}  // namespace obleth::mcp
