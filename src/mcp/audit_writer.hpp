// Carries the records of tool calls to the record's audit log: noted on any thread, written on one, many in a
// transaction while the store is busy. Nobody waits for it; what a store that is down leaves waiting is bounded.
//
// note() on any thread; everything else on the loop that it was attached to, which outlives it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "base/cancel_signal.hpp"
#include "domain/admin_token.hpp"
#include "ports/loop.hpp"
#include "ports/record_store.hpp"

namespace obleth::mcp {

inline constexpr std::size_t audit_waiting_max = 10'000;

class AuditWriter {
 public:
  explicit AuditWriter(ports::RecordStore& store) : store_(store) {}
  AuditWriter(const AuditWriter&) = delete;
  AuditWriter& operator=(const AuditWriter&) = delete;

  // Before the first note.
  void attach(ports::Loop& loop) { loop_ = &loop; }
  void note(AuditEntry entry);
  // What is waiting is written, once more where the store does not answer; then nothing is under way.
  Task<void> finish();

 private:
  Task<void> write_all();
  // True: they need not be written again. What the record refuses for what it is would stand before all others for
  // ever.
  Task<bool> write(std::vector<AuditEntry> entries);
  [[nodiscard]] std::vector<AuditEntry> take_waiting();

  ports::RecordStore& store_;
  ports::Loop* loop_ = nullptr;
  std::mutex mutex_;
  std::vector<AuditEntry> waiting_;  // guarded by mutex_
  bool writing_ = false;             // guarded by mutex_: write_all is under way
  CancelSignal stop_;
};

}  // namespace obleth::mcp
