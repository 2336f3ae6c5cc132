// A key directory over a scripted store, a clock moved by hand, and a feed whose news the test gives.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "adapters/caching/caching_key_directory.hpp"
#include "adapters/caching/scripted_store_test.hpp"

namespace obleth::adapters {

// The hash is the secret's own bytes: told apart at a glance, and no cryptography in these tests.
class PlainHasher final : public ports::SecretHasher {
 public:
  [[nodiscard]] SecretHash hash(std::string_view secret) const override { return spelled(current_pepper, secret); }
  [[nodiscard]] std::vector<SecretHash> candidates(std::string_view secret) const override {
    std::vector<SecretHash> hashes{hash(secret)};
    if (former_pepper != 0) hashes.push_back(spelled(former_pepper, secret));
    return hashes;
  }
  static SecretHash spelled(std::uint8_t pepper, std::string_view secret) {
    SecretHash hash;
    hash.bytes[0] = pepper;
    for (std::size_t at = 0; at < secret.size() && at < 30; ++at)
      hash.bytes[at + 1] = static_cast<std::uint8_t>(secret[at]);
    hash.bytes[31] = static_cast<std::uint8_t>(std::hash<std::string_view>{}(secret));
    return hash;
  }
  std::uint8_t current_pepper = 1;
  std::uint8_t former_pepper = 0;
};

class HandFeed final : public ports::ChangeFeed {
 public:
  void publish(const ports::Change& change) override {
    for (const auto& listener : listeners_)
      listener(change);
  }
  Task<Result<void>> tell_replicas(std::vector<ports::Change>) override { co_return Result<void>(); }
  void subscribe(std::function<void(const ports::Change&)> listener) override {
    listeners_.push_back(std::move(listener));
  }

 private:
  std::vector<std::function<void(const ports::Change&)>> listeners_;
};

class DirectoryTest : public testing::Test {
 protected:
  static constexpr KeyId key_id{{1, 1}};
  static constexpr TenantId tenant_id{{2, 1}};

  static ResolvedKey a_key(std::string_view secret, KeyId id = key_id, TenantId tenant = tenant_id) {
    ResolvedKey resolved;
    resolved.key.id = id;
    resolved.key.tenant = tenant;
    resolved.key.hash = PlainHasher::spelled(1, secret);
    resolved.tenant.id = tenant;
    return resolved;
  }
  ports::KeyLookup find(std::string_view secret) { return directory_.find(secret).run_now(); }
  ports::KeyOutcome outcome(std::string_view secret) { return find(secret).outcome; }
  // a and b are the tenant's, c is another's.
  void find_keys_of_two_tenants() {
    store_.put(a_key("a", KeyId{{1, 1}}));
    store_.put(a_key("b", KeyId{{1, 2}}));
    store_.put(a_key("c", KeyId{{1, 3}}, TenantId{{2, 2}}));
    for (const char* secret : {"a", "b", "c"})
      find(secret);
  }
  bool read_disputed() { return directory_.read_disputed(stop_).run_now(); }
  void after(Duration span) { clock_.elapsed += span; }

  ScriptedStore store_;
  PlainHasher hasher_;
  HandClock clock_;
  HandFeed feed_;
  KeyCacheLimits limits_;
  CancelSignal stop_;
  CachingKeyDirectory directory_{store_, hasher_, clock_, feed_, limits_};
};

}  // namespace obleth::adapters
