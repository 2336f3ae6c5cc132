// What the tests of a RecordStore stand on: a store without rows, and rows that differ from their defaults everywhere.
//
// Calls are made without a loop, so they do not suspend.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ports/record_store.hpp"

namespace obleth::adapters {

struct RecordStoreFactory {
  std::function<std::unique_ptr<ports::RecordStore>()> make;
};

class RecordStoreContract : public testing::TestWithParam<RecordStoreFactory> {
 protected:
  RecordStoreContract() : store_(GetParam().make()) {}

  template <class T>
  static T now(Task<Result<T>> task) {
    auto result = std::move(task).run_now();
    EXPECT_TRUE(result) << result.error().message;
    return result ? std::move(*result) : T{};
  }
  template <class... Writes>
  Result<std::uint64_t> write(Writes... writes) {
    ports::Transaction transaction;
    (transaction.writes.push_back(std::move(writes)), ...);
    return store_->commit(std::move(transaction)).run_now();
  }
  Result<void> rehearse(std::vector<ports::Write> writes) {
    return store_->rehearse({.writes = std::move(writes), .audit = {}, .seen = {}}).run_now();
  }
  static void expect_fault(const Result<std::uint64_t>& result, FaultKind kind, const std::string& field) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, kind) << result.error().message;
    EXPECT_EQ(result.error().field, field) << result.error().message;
  }

  Group default_group() { return now(store_->find_group("default")).value_or(Group{}); }

  // Rows as different from their defaults as can be, so that a forgotten column is noticed.
  Group a_group(std::string name) {
    Group group;
    group.id = next_id<GroupId>();
    group.name = std::move(name);
    group.weight = 250;
    group.max_in_flight = 7;
    group.created_at = WallTime{1'000 + serial_};
    group.updated_at = WallTime{2'000 + serial_};
    return group;
  }
  Tenant a_tenant(std::string name) {
    Tenant tenant;
    tenant.id = next_id<TenantId>();
    tenant.name = std::move(name);
    tenant.description = "the search team's \"own\" – µ";
    tenant.group = default_group().id;
    tenant.weight = 300;
    tenant.quota = {100'000, 600, 20};
    tenant.budget = Budget{BudgetPeriod::week, WallTime{77}, 5'000'000'000, NanoUsd{250'000'000'001}};
    tenant.allowed_models = {"llama", "embed \\ \"x\""};
    tenant.status = TenantStatus::suspended;
    tenant.schedule = {"Europe/Berlin", WallTime{5}, WallTime{6}, {{0, 540, 1020}, {6, 1320, 360}}};
    tenant.brownout = BrownoutPolicy::first;
    tenant.brownout_wait_ms = 1500;
    tenant.created_at = WallTime{1'000 + serial_};
    tenant.updated_at = WallTime{2'000 + serial_};
    return tenant;
  }
  ApiKey a_key(TenantId tenant, std::string name) {
    ApiKey key;
    key.id = next_id<KeyId>();
    key.tenant = tenant;
    key.name = std::move(name);
    key.prefix = "sk_012345678";
    key.hash.bytes.fill(static_cast<std::uint8_t>(serial_));
    key.disabled = true;
    key.expires_at = WallTime{9'000};
    key.allowed_models = {"llama"};
    key.quota = {std::nullopt, 60, std::nullopt};
    key.budget = Budget{BudgetPeriod::lifetime, std::nullopt, std::nullopt, NanoUsd{1}};
    key.weight = 42;
    key.created_at = WallTime{1'000 + serial_};
    key.updated_at = WallTime{2'000 + serial_};
    return key;
  }
  Endpoint an_endpoint(std::string api_base) {
    return {next_id<EndpointId>(), std::move(api_base), Secret("endpoint-credential"), 3, false};
  }
  Model a_model(std::string name, std::vector<std::string> aliases) {
    Model model;
    model.id = next_id<ModelId>();
    model.model_name = std::move(name);
    model.aliases = std::move(aliases);
    model.upstream_model = "meta/llama";
    model.endpoints = {an_endpoint("http://b:8000/v1"), an_endpoint("http://a:8000/v1")};
    model.endpoints[1].api_key.reset();
    model.api_key = Secret("model-credential");
    model.upstream_headers = {{"X-Team", Secret("header-credential")}, {"X-Empty", Secret("")}};
    model.input_cost_per_token = {3'000'000};
    model.cached_input_cost_per_token = PicoUsd{300'000};
    model.output_cost_per_token = {15'000'000};
    model.cost_per_request = {1};
    model.context_window = 131'072;
    model.default_max_tokens = 2048;
    model.admission_weight = {4'000};
    model.input_token_cost = {900};
    model.output_token_cost = {3'500};
    model.slot_second_cost = Thousandths{123'456};
    model.max_in_flight = 9;
    model.brownout_max_tokens = 128;
    model.enabled = false;
    model.inject_usage = false;
    model.cache_enabled = true;
    model.cache_ttl_secs = 11;
    model.max_retries = 4;
    model.request_timeout_secs = 12;
    model.idle_timeout_secs = 13;
    model.gpus = 8;
    model.tokens_per_media_part = 1'000;
    model.created_at = WallTime{1'000 + serial_};
    model.updated_at = WallTime{2'000 + serial_};
    return model;
  }
  McpServer an_mcp_server(std::string name) {
    McpServer server;
    server.id = next_id<McpServerId>();
    server.name = std::move(name);
    server.upstream_url = "http://mcp:9000/mcp";
    server.auth_header = Secret("Bearer mcp-credential");
    server.enabled = false;
    server.access = {{next_id<TenantId>(), std::nullopt, std::vector<std::string>{"read_*"}},
                     {std::nullopt, next_id<GroupId>(), std::nullopt},
                     {"a former version's", std::nullopt, std::nullopt}};
    server.timeout_secs = 30;
    server.max_in_flight = 2;
    server.created_at = WallTime{1'000 + serial_};
    server.updated_at = WallTime{2'000 + serial_};
    return server;
  }
  AdminToken an_admin_token(std::string name) {
    AdminToken token{next_id<AdminTokenId>(), std::move(name), "sk_abcdef012", {}, AdminRole::admin, WallTime{serial_}};
    token.hash.bytes.fill(static_cast<std::uint8_t>(serial_));
    return token;
  }
  AuditEntry an_entry(std::string action, std::string target) {
    return {next_id<AuditId>(), WallTime{1'000 + serial_}, "root",     "10.0.0.1", std::move(action),
            "tenant",           std::move(target),         "the name", "{}",       "{\"weight\":2}"};
  }

  template <class Id>
  Id next_id() {
    ++serial_;
    return Id{{0x0123'4567'89ab'cdefULL, static_cast<std::uint64_t>(serial_) << 56 | 0xF0}};
  }

  std::int64_t serial_ = 0;
  std::unique_ptr<ports::RecordStore> store_;
};

}  // namespace obleth::adapters
