// For tests: the stores that the request path asks, in memory, saying what a test told them to. One thread.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/api_key.hpp"
#include "domain/model.hpp"
#include "ports/budget_ledger.hpp"
#include "ports/entropy.hpp"
#include "ports/key_directory.hpp"
#include "ports/model_catalog.hpp"

namespace obleth::gateway {

// 1, 2, 3, …
class CountingEntropy final : public ports::Entropy {
 public:
  void fill(std::span<unsigned char> bytes) override { std::ranges::fill(bytes, static_cast<unsigned char>(7)); }
  [[nodiscard]] Bits128 bits128() override { return {0, ++drawn_}; }
  [[nodiscard]] std::uint64_t drawn() const { return drawn_; }

 private:
  std::uint64_t drawn_ = 0;
};

class FakeKeys final : public ports::KeyDirectory {
 public:
  [[nodiscard]] std::optional<ports::KeyLookup> recall(std::string_view secret) override {
    const auto found = remembered.find(std::string(secret));
    return found == remembered.end() ? std::nullopt : std::optional(found->second);
  }
  Task<ports::KeyLookup> find(std::string_view secret) override {
    ++lookups;
    if (unavailable) co_return ports::KeyLookup{.outcome = ports::KeyOutcome::unavailable};
    const auto found = known.find(std::string(secret));
    if (found == known.end()) co_return ports::KeyLookup{};
    co_return ports::KeyLookup{.outcome = ports::KeyOutcome::found,
                               .resolved = std::make_shared<const ResolvedKey>(found->second)};
  }
  void note_use(const KeyId& key, WallTime) override { used.push_back(key); }

  std::map<std::string, ResolvedKey> known;            // by secret; found when the store is asked
  std::map<std::string, ports::KeyLookup> remembered;  // told without asking
  bool unavailable = false;
  int lookups = 0;
  std::vector<KeyId> used;
};

class FakeCatalog final : public ports::ModelCatalog {
 public:
  [[nodiscard]] std::shared_ptr<const ports::CatalogSnapshot> snapshot() const override {
    if (!loaded) return nullptr;
    std::vector<std::shared_ptr<const Model>> shared;
    for (const Model& model : models)
      shared.push_back(std::make_shared<const Model>(model));
    return std::make_shared<const ports::CatalogSnapshot>(1, std::move(shared));
  }

  std::vector<Model> models;
  bool loaded = true;
};

// Grants everything, unless a refusal is set.
class FakeLedger final : public ports::BudgetLedger {
 public:
  Task<ports::ReserveOutcome> reserve(const ports::ReserveRequest& request) override {
    reserves.push_back(request);
    if (refusal) co_return ports::ReserveOutcome{.refusal = *refusal};
    ports::Reservation reservation = granted;
    reservation.id = request.reservation;
    reservation.held_tokens = request.hold_tokens;
    co_return ports::ReserveOutcome{.granted = reservation, .refusal = {}};
  }
  WallTime settle(const ports::SettleRequest& request) override {
    settles.push_back(request);
    return request.ended_at;
  }
  void renew(std::span<const ports::HeldReservation> held) override { renewals.emplace_back(held.begin(), held.end()); }
  Task<std::optional<ports::BudgetStanding>> standing(const ports::StandingQuestion&) override {
    co_return std::nullopt;
  }

  ports::Reservation granted;
  std::optional<ports::ReserveRefusal> refusal;
  std::vector<ports::ReserveRequest> reserves;
  std::vector<ports::SettleRequest> settles;
  std::vector<std::vector<ports::HeldReservation>> renewals;
};

// The tenant behind good_secret: no limits, no lists, always open.
inline ResolvedKey some_key() {
  ResolvedKey who;
  who.group = {.id = GroupId{{1, 1}}, .name = "default"};
  who.tenant = {.id = TenantId{{2, 2}}, .name = "acme", .group = who.group.id};
  who.key = {.id = KeyId{{3, 3}}, .tenant = who.tenant.id, .name = "k"};
  return who;
}

// "m" at one endpoint: 2 nano-dollars a token in, 5 out.
inline Model some_model() {
  return {.id = ModelId{{4, 4}},
          .model_name = "m",
          .upstream_model = "m",
          .endpoints = {{.id = EndpointId{{5, 1}}, .api_base = "http://one:8000/v1"}},
          .input_cost_per_token = {2000},
          .output_cost_per_token = {5000}};
}

}  // namespace obleth::gateway
