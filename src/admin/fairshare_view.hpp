// /fairshare/live, /fairshare/stream and /fairshare/history: who holds and who waits for slots, with names.
//
// All readers of the stream share one snapshot a second, made for the first of them. Thread: the administration's.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "admin/fairshare_names.hpp"
#include "admin/record_desk.hpp"
#include "admin/route.hpp"
#include "ports/loop.hpp"

namespace obleth::admin {

class FairshareView {
 public:
  FairshareView(RecordDesk& desk, FairshareNameBook& names) : desk_(desk), names_(names) {}
  void register_in(RouteTable& table);
  // Every stream gets its end, now.
  void end_streams() { ending_.fire(); }

 private:
  Task<Reply> live(const Call& call);
  Task<Reply> history(const Call& call);
  Task<void> stream(const Call& call, ports::ClientExchange& exchange);
  [[nodiscard]] std::optional<Reply> refusal_of_stream(const ports::Loop* loop) const;
  Task<void> send_events(ports::ClientExchange& exchange, ports::Loop& loop);
  Task<bool> may_stay(ports::ClientExchange& exchange);
  Task<Json> snapshot_now();
  Task<std::shared_ptr<const std::string>> event_of(std::int64_t second);

  RecordDesk& desk_;
  FairshareNameBook& names_;
  CancelSignal ending_;
  std::size_t streams_ = 0;
  std::shared_ptr<const std::string> event_;  // the latest, as it goes out
  std::int64_t event_second_ = -1;
  bool making_event_ = false;
};

}  // namespace obleth::admin
