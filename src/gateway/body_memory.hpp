// Bytes held for all request bodies together, bounded: past the bound a request is refused, never a crash.
//
// One tenant holds at most an eighth. Counted before the bytes are taken. Any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "domain/ids.hpp"

namespace obleth::gateway {

class BodyMemory {
 public:
  // Bytes that are held until it goes. Grows as a body of unknown length arrives.
  class Lease {
   public:
    Lease() = default;
    Lease(BodyMemory& memory, TenantId tenant) : memory_(&memory), tenant_(tenant) {}
    Lease(Lease&& other) noexcept
        : memory_(std::exchange(other.memory_, nullptr)),
          tenant_(other.tenant_),
          bytes_(std::exchange(other.bytes_, 0)) {}
    Lease& operator=(Lease&& other) noexcept {
      std::swap(memory_, other.memory_);
      std::swap(tenant_, other.tenant_);
      std::swap(bytes_, other.bytes_);
      return *this;
    }
    ~Lease() {
      if (memory_ != nullptr && bytes_ > 0) memory_->give_back(tenant_, bytes_);
    }
    // False: the bound is reached, and nothing was taken.
    [[nodiscard]] bool grow_to(std::uint64_t bytes) {
      if (bytes <= bytes_) return true;
      if (!memory_->take(tenant_, bytes - bytes_)) return false;
      bytes_ = bytes;
      return true;
    }

   private:
    BodyMemory* memory_ = nullptr;
    TenantId tenant_;
    std::uint64_t bytes_ = 0;
  };

  explicit BodyMemory(std::uint64_t bytes_max) : bytes_max_(bytes_max), tenant_bytes_max_(bytes_max / 8) {}

  [[nodiscard]] Lease lease(TenantId tenant) { return {*this, tenant}; }
  [[nodiscard]] std::uint64_t held_bytes() const { return held_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t shard_count = 16;
  struct Shard {
    std::mutex mutex;
    std::unordered_map<TenantId, std::uint64_t> held;  // guarded by mutex; a tenant that holds nothing is not in it
  };

  bool take(TenantId tenant, std::uint64_t bytes);
  void give_back(TenantId tenant, std::uint64_t bytes);
  Shard& shard_of(TenantId tenant) { return shards_[hash_value(tenant) % shard_count]; }

  std::uint64_t bytes_max_;
  std::uint64_t tenant_bytes_max_;
  std::atomic<std::uint64_t> held_{0};
  std::array<Shard, shard_count> shards_;
};

}  // namespace obleth::gateway
