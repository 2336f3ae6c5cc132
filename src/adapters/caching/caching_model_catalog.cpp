#include "adapters/caching/caching_model_catalog.hpp"

#include <utility>
#include <vector>

namespace obleth::adapters {
namespace {

std::uint64_t next_instance() {
  static std::atomic<std::uint64_t> made = 0;
  return ++made;
}

struct Remembered {
  std::uint64_t instance = 0;
  std::uint64_t edition = 0;
  std::shared_ptr<const ports::CatalogSnapshot> snapshot;
};

}  // namespace

CachingModelCatalog::CachingModelCatalog(ports::RecordStore& store) : store_(store), instance_(next_instance()) {}

std::shared_ptr<const ports::CatalogSnapshot> CachingModelCatalog::snapshot() const {
  static thread_local Remembered remembered;
  const std::uint64_t edition = edition_.load(std::memory_order_acquire);
  if (remembered.instance != instance_ || remembered.edition != edition) {
    const std::lock_guard lock(mutex_);
    remembered = {instance_, edition_.load(std::memory_order_relaxed), current_};
  }
  return remembered.snapshot;
}

Task<Result<void>> CachingModelCatalog::reload() {
  // The version first: the snapshot then holds at least what its number promises.
  const Result<std::uint64_t> version = co_await store_.version();
  if (!version) co_return fail(version.error());
  Result<std::vector<Model>> models = co_await store_.all_models();
  if (!models) co_return fail(models.error());
  std::vector<std::shared_ptr<const Model>> shared;
  shared.reserve(models->size());
  for (Model& model : *models)
    shared.push_back(std::make_shared<const Model>(std::move(model)));
  publish(std::make_shared<const ports::CatalogSnapshot>(*version, std::move(shared)));
  co_return Result<void>();
}

// Of two reloads that overlap, the one that began later may end first.
void CachingModelCatalog::publish(std::shared_ptr<const ports::CatalogSnapshot> snapshot) {
  const std::lock_guard lock(mutex_);
  if (current_ != nullptr && snapshot->version() < current_->version()) return;
  current_ = std::move(snapshot);
  edition_.fetch_add(1, std::memory_order_release);
}

}  // namespace obleth::adapters
