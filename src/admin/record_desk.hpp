// Where every change of the configuration is signed and sent off: one transaction with its audit rows, then the change
// feed. A 2xx means that the transaction succeeded, and that the next request here meets it; a feed that is down is a
// warning. Thread: any.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "admin/call.hpp"
#include "admin/dependencies.hpp"
#include "admin/fields.hpp"
#include "admin/reply.hpp"
#include "admin/rising_ids.hpp"
#include "admin/write_gate.hpp"
#include "base/task.hpp"

namespace obleth::admin {

// What the audit log tells of one write; who, when and from where are the desk's.
struct AuditNote {
  std::string action;  // "tenant.create"
  std::string target_kind;
  std::string target;  // id
  std::string target_name;
  Json before;  // null: none
  Json after;
};

struct Edit {
  std::vector<ports::Write> writes;
  std::vector<AuditNote> notes;
  std::vector<ports::Change> changes;

  void add(ports::Write write, AuditNote note, ports::Change change) {
    writes.push_back(std::move(write));
    notes.push_back(std::move(note));
    changes.push_back(change);
  }
};

class RecordDesk {
 public:
  // A change from before its first read to its commit. In this process nothing comes between; where another process
  // changed the record meanwhile, the commit refuses, and the call is answered anew (Reply::overtaken).
  struct Turn {
    WriteGate::Turn place;
    Result<std::uint64_t> seen;  // the record's version at the turn's beginning
  };

  explicit RecordDesk(const Dependencies& dependencies) : given_(dependencies) {}

  [[nodiscard]] ports::RecordStore& store() const { return given_.store; }
  [[nodiscard]] const LiveView& live() const { return given_.live; }
  [[nodiscard]] const Dependencies& given() const { return given_; }
  [[nodiscard]] WallTime now() const { return given_.clock.wall_now(); }
  template <class Id>
  [[nodiscard]] Id new_id() const {
    return Id{given_.entropy.uuid()};
  }
  // Of a row that lists place by this time.
  template <class Id>
  [[nodiscard]] Id new_id(WallTime at) const {
    return Id{ids_.next(at, given_.entropy.uuid())};
  }

  // co_await desk.turn() before reading what is to be changed.
  Task<Turn> turn();
  // The configuration's new version. The caller is warned where the other replicas could not be told.
  Task<Outcome<std::uint64_t>> commit(const Turn& turn, const Caller& caller, Edit edit);
  // What commit would refuse now; nothing is kept.
  Task<Outcome<>> rehearse(const Turn& turn, std::vector<ports::Write> writes);

 private:
  Task<void> tell_replicas(const Caller& caller, std::vector<ports::Change> changes);
  [[nodiscard]] AuditEntry sign(const Caller& caller, const AuditNote& note) const;

  const Dependencies& given_;
  WriteGate gate_;
  mutable RisingIds ids_;
};

}  // namespace obleth::admin
