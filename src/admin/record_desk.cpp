#include "admin/record_desk.hpp"

#include <algorithm>

namespace obleth::admin {
namespace {

std::string audit_text(const Json& json) {
  return json.is_null() ? std::string() : to_text(json);
}

// Many writes may be one change for whoever follows.
void keep_each_once(std::vector<ports::Change>& changes) {
  std::ranges::sort(changes);
  const auto again = std::ranges::unique(changes);
  changes.erase(again.begin(), again.end());
}

}  // namespace

AuditEntry RecordDesk::sign(const Caller& caller, const AuditNote& note) const {
  const WallTime at = now();
  return {.id = new_id<AuditId>(at),
          .at = at,
          .actor = caller.name,
          .remote_address = caller.address,
          .action = note.action,
          .target_kind = note.target_kind,
          .target = note.target,
          .target_name = note.target_name,
          .before_json = audit_text(note.before),
          .after_json = audit_text(note.after)};
}

Task<RecordDesk::Turn> RecordDesk::turn() {
  WriteGate::Turn place = co_await gate_.enter();
  Result<std::uint64_t> seen = co_await given_.store.version();
  co_return Turn{.place = std::move(place), .seen = std::move(seen)};
}

Task<Outcome<>> RecordDesk::rehearse(const Turn& turn, std::vector<ports::Write> writes) {
  if (!turn.seen) co_return std::unexpected(refuse_fault(turn.seen.error()));
  ports::Transaction transaction{.writes = std::move(writes), .audit = {}, .seen = *turn.seen};
  const Result<void> taken = co_await given_.store.rehearse(std::move(transaction));
  if (!taken) co_return std::unexpected(refuse_fault(taken.error()));
  co_return Outcome<>();
}

Task<Outcome<std::uint64_t>> RecordDesk::commit(const Turn& turn, const Caller& caller, Edit edit) {
  if (!turn.seen) co_return std::unexpected(refuse_fault(turn.seen.error()));
  ports::Transaction transaction{.writes = std::move(edit.writes), .audit = {}, .seen = *turn.seen};
  for (const AuditNote& note : edit.notes)
    transaction.audit.push_back(sign(caller, note));
  const Result<std::uint64_t> version = co_await given_.store.commit(std::move(transaction));
  if (!version) co_return std::unexpected(refuse_fault(version.error()));
  keep_each_once(edit.changes);
  for (const ports::Change& change : edit.changes)
    given_.feed.publish(change);
  if (edit.changes.empty()) co_return *version;
  co_await tell_replicas(caller, std::move(edit.changes));
  if (!given_.obeyed) co_return *version;
  Task<void> obeying = given_.obeyed();
  co_await obeying;
  co_return *version;
}

Task<void> RecordDesk::tell_replicas(const Caller& caller, std::vector<ports::Change> changes) {
  const std::size_t count = changes.size();
  const Result<void> told = co_await given_.feed.tell_replicas(std::move(changes));
  if (told) co_return;
  if (caller.warnings != nullptr) caller.warnings->replicas_untold = true;
  if (given_.count_untold) given_.count_untold(count, told.error());
}

}  // namespace obleth::admin
