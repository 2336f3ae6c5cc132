// The write-ahead log of one event loop: the rows that end in one turn leave in one write at its end. Its loop's
// thread.
//
// A row that cannot be kept, because the spool or the disk is full or fails, is dropped and counted; the request goes
// on. Nothing is waited for but the write itself, which goes to the page cache.
#pragma once

#include <coroutine>
#include <cstdint>
#include <memory>
#include <vector>

#include "adapters/os/epoll_loop.hpp"
#include "adapters/spool/row_encoding.hpp"
#include "adapters/spool/segment_format.hpp"
#include "adapters/spool/spool.hpp"
#include "ports/usage_journal.hpp"

namespace obleth::adapters {

class SpoolWriter final : public ports::UsageJournal, private LoopItem, private ports::Timer {
 public:
  static constexpr std::size_t batch_bytes_max = 256 * 1024;        // beyond it a turn has a second write
  static constexpr Duration retry_after = std::chrono::seconds(1);  // a segment that could not be made
  static constexpr Duration idle_after = std::chrono::seconds(5);   // then a segment that is delivered whole is left

  SpoolWriter(EpollLoop& loop, Spool& spool);
  ~SpoolWriter() override;
  SpoolWriter(const SpoolWriter&) = delete;
  SpoolWriter& operator=(const SpoolWriter&) = delete;

  Task<void> keep(const UsageRecord& record) override;

 private:
  // Suspends until the turn's write is done. A waiter that is destroyed meanwhile is forgotten; its row is written.
  class TurnEnd final : private LoopItem {
   public:
    explicit TurnEnd(LoopItemList& waiters) : waiters_(waiters) {}
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiting) {
      waiting_ = waiting;
      waiters_.push(*this);
    }
    void await_resume() const noexcept {}

   private:
    void run() override { waiting_.resume(); }
    LoopItemList& waiters_;
    std::coroutine_handle<> waiting_;
  };

  [[nodiscard]] bool append(const UsageRecord& record);
  void run() override;  // the turn's end
  void expired() override;
  void write_batch();
  [[nodiscard]] std::size_t put_on_disk(int& error);
  [[nodiscard]] bool take_back(std::uint64_t offset) const;
  [[nodiscard]] bool has_segment();
  void make_segment();
  void close_segment();

  EpollLoop& loop_;
  Spool& spool_;
  std::shared_ptr<SegmentFile> segment_;  // null: none is open
  std::uint64_t offset_ = 0;              // where the batch goes in it
  Instant retry_at_;
  int last_error_ = 0;  // of making a segment; 0: the folder could not be opened

  std::unique_ptr<char[]> batch_;
  std::size_t fill_ = 0;
  std::vector<std::size_t> ends_;  // of the batch's records
  LoopItemList waiters_;
};

}  // namespace obleth::adapters
