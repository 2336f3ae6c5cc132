// /fairshare/live and /fairshare/stream: who holds and who waits for slots, at this moment, with names. Any thread.
#pragma once

#include <map>
#include <string>

#include "admin/group_names.hpp"
#include "admin/record_desk.hpp"
#include "admin/route.hpp"

namespace obleth::admin {

class FairshareView {
 public:
  explicit FairshareView(RecordDesk& desk) : desk_(desk) {}
  void register_in(RouteTable& table);

 private:
  // Names of tenants and models, kept for as long as one client looks.
  struct Names;

  Task<Reply> live(const Call& call);
  Task<void> stream(const Call& call, ports::ClientExchange& exchange);
  Task<Json> snapshot_json(Names& names);
  Task<void> learn_names(Names& names, const fairshare::Snapshot& snapshot);

  RecordDesk& desk_;
};

}  // namespace obleth::admin
