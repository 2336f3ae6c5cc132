// A record for tests of the caches: holds keys, models and tenants, counts the questions, and can be down or slow.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ports/clock.hpp"
#include "ports/handover.hpp"
#include "ports/record_store.hpp"

namespace obleth::adapters {

class HandClock final : public ports::Clock {
 public:
  [[nodiscard]] Instant now() const override { return Instant(elapsed); }
  [[nodiscard]] WallTime wall_now() const override { return WallTime{1'700'000'000'000 + whole_ms(elapsed)}; }
  Duration elapsed{0};
};

class ScriptedStore final : public ports::RecordStore {
 public:
  void put(const ResolvedKey& key) { keys_[key.key.hash] = key; }
  void forget(const SecretHash& hash) { keys_.erase(hash); }
  bool down = false;
  std::uint64_t version_now = 1;
  std::vector<Model> models;
  std::vector<Tenant> tenants;
  std::vector<std::vector<std::pair<KeyId, WallTime>>> uses_written;
  std::vector<ports::RenewedHash> hashes_renewed;
  std::optional<Fault> commit_refused;  // the next one
  std::vector<ports::Transaction> committed;

  [[nodiscard]] int questions() const {
    const std::lock_guard lock(mutex_);
    return questions_;
  }
  // Questions read the record, and then wait for release() with their answer.
  void hold() {
    const std::lock_guard lock(mutex_);
    held_ = true;
  }
  void release() {
    std::vector<std::shared_ptr<ports::Handover>> waiting;
    {
      const std::lock_guard lock(mutex_);
      held_ = false;
      waiting.swap(waiting_);
    }
    for (auto& waiter : waiting)
      ports::Handover::wake(std::move(waiter));
  }

  Task<Result<std::optional<ResolvedKey>>> resolve_key(const SecretHash& hash, WallTime now) override {
    auto answer = read(hash, now);
    const auto gate = enter();
    if (gate) co_await gate->awaited();
    co_return answer;
  }
  Task<Result<std::uint64_t>> version() override {
    if (down) co_return fail(not_answering());
    co_return version_now;
  }
  Task<Result<std::vector<Model>>> all_models() override {
    if (down) co_return fail(not_answering());
    co_return models;
  }
  Task<Result<std::optional<Tenant>>> find_tenant(std::string id) override {
    const auto gate = enter();
    if (gate) co_await gate->awaited();
    if (down) co_return fail(not_answering());
    const auto found = std::ranges::find(tenants, id, [](const Tenant& tenant) { return tenant.id.uuid(); });
    co_return found == tenants.end() ? std::nullopt : std::optional(*found);
  }
  Task<Result<void>> note_key_uses(std::vector<std::pair<KeyId, WallTime>> uses) override {
    if (down) co_return fail(not_answering());
    uses_written.push_back(std::move(uses));
    co_return Result<void>();
  }
  Task<Result<void>> renew_key_hashes(std::vector<ports::RenewedHash> hashes) override {
    if (down) co_return fail(not_answering());
    hashes_renewed.insert(hashes_renewed.end(), hashes.begin(), hashes.end());
    co_return Result<void>();
  }

  Task<Result<std::uint64_t>> commit(ports::Transaction transaction) override {
    if (down) co_return fail(not_answering());
    if (commit_refused) co_return fail(*std::exchange(commit_refused, std::nullopt));
    committed.push_back(std::move(transaction));
    co_return version_now;
  }

  // What the caches do not ask.
  Task<Result<void>> rehearse(ports::Transaction) override { return no<void>(); }
  Task<Result<ports::Page<Tenant>>> list_tenants(ports::PageRequest) override { return no<ports::Page<Tenant>>(); }
  Task<Result<std::optional<ApiKey>>> find_key(KeyId) override { return no<std::optional<ApiKey>>(); }
  Task<Result<ports::Page<ApiKey>>> list_keys(std::optional<TenantId>, ports::PageRequest) override {
    return no<ports::Page<ApiKey>>();
  }
  Task<Result<std::optional<Group>>> find_group(std::string) override { return no<std::optional<Group>>(); }
  Task<Result<ports::Page<Group>>> list_groups(ports::PageRequest) override { return no<ports::Page<Group>>(); }
  Task<Result<std::optional<Model>>> find_model(std::string) override { return no<std::optional<Model>>(); }
  Task<Result<ports::Page<Model>>> list_models(ports::PageRequest) override { return no<ports::Page<Model>>(); }
  Task<Result<std::optional<McpServer>>> find_mcp_server(std::string) override {
    return no<std::optional<McpServer>>();
  }
  Task<Result<ports::Page<McpServer>>> list_mcp_servers(ports::PageRequest) override {
    return no<ports::Page<McpServer>>();
  }
  Task<Result<std::vector<AdminToken>>> all_admin_tokens() override { return no<std::vector<AdminToken>>(); }
  Task<Result<std::vector<std::pair<std::string, std::string>>>> all_settings() override {
    return no<std::vector<std::pair<std::string, std::string>>>();
  }
  Task<Result<ports::Page<AuditEntry>>> list_audit(ports::AuditFilter) override {
    return no<ports::Page<AuditEntry>>();
  }

 private:
  static Fault not_answering() { return store_fault(FaultKind::unavailable, "the test's store is down"); }
  template <class T>
  static Task<Result<T>> no() {
    co_return fail(not_answering());
  }

  Result<std::optional<ResolvedKey>> read(const SecretHash& hash, WallTime now) {
    const std::lock_guard lock(mutex_);
    ++questions_;
    if (down) return fail(not_answering());
    if (const auto found = keys_.find(hash); found != keys_.end()) return std::optional(found->second);
    for (const auto& [current, resolved] : keys_) {
      if (resolved.key.former_hash == hash && now < resolved.key.former_expires_at) return std::optional(resolved);
    }
    return std::optional<ResolvedKey>();
  }
  std::shared_ptr<ports::Handover> enter() {
    const std::lock_guard lock(mutex_);
    if (!held_) return nullptr;
    waiting_.push_back(std::make_shared<ports::Handover>(*ports::Loop::current()));
    return waiting_.back();
  }

  mutable std::mutex mutex_;
  std::map<SecretHash, ResolvedKey> keys_;
  int questions_ = 0;
  bool held_ = false;
  std::vector<std::shared_ptr<ports::Handover>> waiting_;
};

}  // namespace obleth::adapters
