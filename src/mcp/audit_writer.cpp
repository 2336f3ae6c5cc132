#include "mcp/audit_writer.hpp"

#include <utility>

#include "observe/log.hpp"
#include "ports/spawn_on.hpp"

namespace obleth::mcp {
namespace {

constexpr std::size_t batch_max = 500;
constexpr Duration retry_pause = std::chrono::seconds(1);
constexpr Duration look_pause = std::chrono::milliseconds(5);
constexpr Duration complaint_period = std::chrono::minutes(1);

}  // namespace

void AuditWriter::note(AuditEntry entry) {
  bool begins = false;
  bool dropped = false;
  {
    const std::lock_guard lock(mutex_);
    dropped = waiting_.size() >= audit_waiting_max;
    if (!dropped) waiting_.push_back(std::move(entry));
    begins = !dropped && !std::exchange(writing_, true);
  }
  if (dropped) {
    observe::log_once_per(complaint_period, observe::LogLevel::error, "records of MCP calls are dropped",
                          "the record does not take them");
  }
  if (begins) ports::spawn_on(*loop_, write_all());
}

std::vector<AuditEntry> AuditWriter::take_waiting() {
  const std::lock_guard lock(mutex_);
  if (waiting_.size() <= batch_max) {
    writing_ = !waiting_.empty();
    return std::exchange(waiting_, {});
  }
  const auto end = waiting_.begin() + batch_max;
  std::vector<AuditEntry> batch(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  return batch;
}

Task<void> AuditWriter::write_all() {
  while (true) {
    const std::vector<AuditEntry> batch = take_waiting();
    if (batch.empty()) co_return;
    bool written = co_await write(batch);
    while (!written && !stop_.fired()) {
      const bool came = co_await ports::Pause(*loop_, loop_->now() + retry_pause, &stop_);
      static_cast<void>(came);  // at the end it is tried once more
      written = co_await write(batch);
    }
  }
}

Task<bool> AuditWriter::write(std::vector<AuditEntry> entries) {
  ports::Transaction transaction;
  transaction.audit = std::move(entries);
  const Result<std::uint64_t> committed = co_await store_.commit(std::move(transaction));
  if (committed) co_return true;
  const Fault& fault = committed.error();
  const bool never_fits = fault.source == FaultSource::client && !fault.may_retry;
  observe::log_once_per(complaint_period, never_fits ? observe::LogLevel::error : observe::LogLevel::warn,
                        never_fits ? "records of MCP calls are dropped" : "records of MCP calls cannot be written",
                        fault.message);
  co_return never_fits;
}

Task<void> AuditWriter::finish() {
  stop_.fire();
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      if (!writing_) co_return;
    }
    const bool came = co_await ports::Pause(*loop_, loop_->now() + look_pause);
    static_cast<void>(came);  // nobody calls this pause off
  }
}

}  // namespace obleth::mcp
