// The registry of models, read from the record and handed out as one immutable snapshot.
//
// snapshot() is on the request path: each thread keeps the pointer it was last given and looks at one version number.
// Any thread; reload() on one loop at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "ports/model_catalog.hpp"
#include "ports/record_store.hpp"

namespace obleth::adapters {

class CachingModelCatalog final : public ports::ModelCatalog {
 public:
  explicit CachingModelCatalog(ports::RecordStore& store);

  [[nodiscard]] std::shared_ptr<const ports::CatalogSnapshot> snapshot() const override;

  // At start, and when the feed or the version poll tells of a change. On a fault the last snapshot stays.
  Task<Result<void>> reload();

 private:
  void publish(std::shared_ptr<const ports::CatalogSnapshot> snapshot);

  ports::RecordStore& store_;
  const std::uint64_t instance_;  // tells one catalog's snapshots from another's in a thread's memory
  std::atomic<std::uint64_t> edition_ = 0;
  mutable std::mutex mutex_;
  std::shared_ptr<const ports::CatalogSnapshot> current_;
};

}  // namespace obleth::adapters
