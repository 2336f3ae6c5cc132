// Rows on their way to the ledger, in records that are used again: what one batch leaves behind the next one is written
// into, so that texts keep their memory.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "domain/usage_record.hpp"

namespace obleth::ports {

// Where the records of one batch wait for the next. Any thread.
class RowShelf {
 public:
  [[nodiscard]] std::vector<UsageRecord> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(spare_, {});
  }
  // What is far more than was needed is freed, so that memory follows the load.
  void put(std::vector<UsageRecord> records, std::size_t used) {
    if (used < records.size() / 4) return;
    const std::lock_guard lock(mutex_);
    spare_.swap(records);
  }

 private:
  std::mutex mutex_;
  std::vector<UsageRecord> spare_;
};

// One thread at a time; whoever ends them gives the records back.
class BatchRows {
 public:
  BatchRows() = default;
  BatchRows(std::vector<UsageRecord> rows)  // NOLINT(google-explicit-constructor): they are rows
      : records_(std::move(rows)), size_(records_.size()) {}
  BatchRows(std::initializer_list<UsageRecord> rows) : BatchRows(std::vector(rows)) {}
  explicit BatchRows(std::shared_ptr<RowShelf> shelf) : records_(shelf->take()), shelf_(std::move(shelf)) {}
  BatchRows(const BatchRows& other) : records_(other.begin(), other.end()), size_(other.size_) {}
  BatchRows(BatchRows&& other) noexcept { swap(other); }
  BatchRows& operator=(BatchRows other) noexcept {
    swap(other);
    return *this;
  }
  ~BatchRows() {
    if (shelf_) shelf_->put(std::move(records_), size_);
  }

  void reserve(std::size_t rows) { records_.reserve(rows); }
  // A row that says what it said in a former batch.
  [[nodiscard]] UsageRecord& add() {
    return size_ < records_.size() ? records_[size_++] : (++size_, records_.emplace_back());
  }
  void drop_last() { --size_; }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] UsageRecord* begin() { return records_.data(); }
  [[nodiscard]] UsageRecord* end() { return begin() + size_; }
  [[nodiscard]] const UsageRecord* begin() const { return records_.data(); }
  [[nodiscard]] const UsageRecord* end() const { return begin() + size_; }

 private:
  void swap(BatchRows& other) noexcept {
    records_.swap(other.records_);
    shelf_.swap(other.shelf_);
    std::swap(size_, other.size_);
  }

  std::vector<UsageRecord> records_;  // those beyond size_ are spare
  std::size_t size_ = 0;
  std::shared_ptr<RowShelf> shelf_;
};

}  // namespace obleth::ports
