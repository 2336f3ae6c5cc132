// What every RecordStore owes its callers, as one suite that each adapter's tests instantiate:
//
//   INSTANTIATE_TEST_SUITE_P(Sqlite, RecordStoreContract, testing::Values(RecordStoreFactory{…}));
//
// The stores made here are empty but for what their own migrations put into them.
#pragma once

#include "ports/record_store_fixture_test.hpp"

namespace obleth::adapters {

// ---- groups and tenants -------------------------------------------------------------------------------------------

TEST_P(RecordStoreContract, GroupDefaultIsThereFromTheStart) {
  const Group group = default_group();
  EXPECT_EQ(group.name, "default");
  EXPECT_FALSE(group.id.is_nil());
  EXPECT_EQ(group.weight, default_weight);
  EXPECT_GT(group.created_at.unix_ms, 0);
}

TEST_P(RecordStoreContract, GroupDefaultStaysAndKeepsItsName) {
  Group group = default_group();
  expect_fault(write(ports::DeleteGroup{group.id}), FaultKind::conflict, "name");
  group.name = "other";
  expect_fault(write(ports::PutGroup{group, false}), FaultKind::conflict, "name");
  group.name = "default";
  group.weight = 500;
  EXPECT_TRUE(write(ports::PutGroup{group, false}));
  EXPECT_EQ(default_group().weight, 500U);
}

TEST_P(RecordStoreContract, GroupComesBackAsItWasPut) {
  Group group = a_group("batch");
  ASSERT_TRUE(write(ports::PutGroup{group, true}));
  EXPECT_EQ(now(store_->find_group("batch")), group);
  EXPECT_EQ(now(store_->find_group(group.id.uuid())), group);
  group.max_in_flight.reset();
  ASSERT_TRUE(write(ports::PutGroup{group, false}));
  EXPECT_EQ(now(store_->find_group("batch")), group);
}

TEST_P(RecordStoreContract, GroupWithTenantsIsNotDeleted) {
  const Group group = a_group("batch");
  Tenant tenant = a_tenant("search");
  tenant.group = group.id;
  ASSERT_TRUE(write(ports::PutGroup{group, true}, ports::PutTenant{tenant, true}));
  expect_fault(write(ports::DeleteGroup{group.id}), FaultKind::conflict, "");
  ASSERT_TRUE(write(ports::DeleteTenant{tenant.id}));
  EXPECT_TRUE(write(ports::DeleteGroup{group.id}));
  EXPECT_EQ(now(store_->find_group("batch")), std::nullopt);
}

TEST_P(RecordStoreContract, TenantComesBackAsItWasPut) {
  const Tenant full = a_tenant("search");
  Tenant bare;
  bare.id = next_id<TenantId>();
  bare.name = "bare";
  bare.group = default_group().id;
  ASSERT_TRUE(write(ports::PutTenant{full, true}, ports::PutTenant{bare, true}));
  EXPECT_EQ(now(store_->find_tenant("search")), full);
  EXPECT_EQ(now(store_->find_tenant(full.id.uuid())), full);
  EXPECT_EQ(now(store_->find_tenant("bare")), bare);
  EXPECT_EQ(now(store_->find_tenant("nobody")), std::nullopt);
}

TEST_P(RecordStoreContract, EmptyListOfModelsIsNotNoList) {
  Tenant tenant = a_tenant("search");
  tenant.allowed_models = std::vector<std::string>{};
  ASSERT_TRUE(write(ports::PutTenant{tenant, true}));
  EXPECT_EQ(now(store_->find_tenant("search"))->allowed_models, std::vector<std::string>{});
}

TEST_P(RecordStoreContract, PutReplacesAllButTheTimeOfCreation) {
  const Tenant before = a_tenant("search");
  ASSERT_TRUE(write(ports::PutTenant{before, true}));
  Tenant after = a_tenant("renamed");
  after.id = before.id;
  after.budget.reset();
  after.status = TenantStatus::archived;
  ASSERT_TRUE(write(ports::PutTenant{after, false}));
  after.created_at = before.created_at;
  EXPECT_EQ(now(store_->find_tenant("renamed")), after);
  EXPECT_EQ(now(store_->find_tenant("search")), std::nullopt);
}

TEST_P(RecordStoreContract, NewTenantNeedsAFreeNameAndId) {
  const Tenant first = a_tenant("search");
  ASSERT_TRUE(write(ports::PutTenant{first, true}));
  expect_fault(write(ports::PutTenant{a_tenant("search"), true}), FaultKind::conflict, "name");
  Tenant same_id = a_tenant("other");
  same_id.id = first.id;
  expect_fault(write(ports::PutTenant{same_id, true}), FaultKind::conflict, "id");
}

TEST_P(RecordStoreContract, ChangedTenantMustExistAndTakesNoOtherName) {
  ASSERT_TRUE(write(ports::PutTenant{a_tenant("first"), true}));
  Tenant second = a_tenant("second");
  expect_fault(write(ports::PutTenant{second, false}), FaultKind::not_found, "id");
  ASSERT_TRUE(write(ports::PutTenant{second, true}));
  second.name = "first";
  expect_fault(write(ports::PutTenant{second, false}), FaultKind::conflict, "name");
}

TEST_P(RecordStoreContract, TenantOfAnUnknownGroupIsRefusedByThatField) {
  Tenant tenant = a_tenant("search");
  tenant.group = next_id<GroupId>();
  expect_fault(write(ports::PutTenant{tenant, true}), FaultKind::invalid, "group");
}

TEST_P(RecordStoreContract, DeletedTenantTakesItsKeysAndFreesItsName) {
  const Tenant tenant = a_tenant("search");
  const ApiKey key = a_key(tenant.id, "ci");
  ASSERT_TRUE(write(ports::PutTenant{tenant, true}, ports::PutKey{key, true}));
  ASSERT_TRUE(write(ports::DeleteTenant{tenant.id}));
  EXPECT_EQ(now(store_->find_key(key.id)), std::nullopt);
  EXPECT_FALSE(now(store_->resolve_key(key.hash, WallTime{0})));
  EXPECT_TRUE(write(ports::PutTenant{a_tenant("search"), true}));
  expect_fault(write(ports::DeleteTenant{tenant.id}), FaultKind::not_found, "id");
}

// ---- keys ---------------------------------------------------------------------------------------------------------

TEST_P(RecordStoreContract, KeyComesBackAsItWasPut) {
  const Tenant tenant = a_tenant("search");
  ApiKey key = a_key(tenant.id, "ci");
  ASSERT_TRUE(write(ports::PutTenant{tenant, true}, ports::PutKey{key, true}));
  EXPECT_EQ(now(store_->find_key(key.id)), key);
  key.former_hash = SecretHash{};
  key.former_expires_at = WallTime{123};
  key.expires_at.reset();
  ASSERT_TRUE(write(ports::PutKey{key, false}));
  EXPECT_EQ(now(store_->find_key(key.id)), key);
  ASSERT_TRUE(write(ports::DeleteKey{key.id}));
  EXPECT_EQ(now(store_->find_key(key.id)), std::nullopt);
}

TEST_P(RecordStoreContract, KeyNamesAreUniqueWithinATenantUnlessEmpty) {
  const Tenant one = a_tenant("one");
  const Tenant two = a_tenant("two");
  ASSERT_TRUE(write(ports::PutTenant{one, true}, ports::PutTenant{two, true}));
  ASSERT_TRUE(write(ports::PutKey{a_key(one.id, "ci"), true}, ports::PutKey{a_key(two.id, "ci"), true}));
  expect_fault(write(ports::PutKey{a_key(one.id, "ci"), true}), FaultKind::conflict, "name");
  EXPECT_TRUE(write(ports::PutKey{a_key(one.id, ""), true}, ports::PutKey{a_key(one.id, ""), true}));
}

TEST_P(RecordStoreContract, KeyOfAnUnknownTenantIsRefused) {
  expect_fault(write(ports::PutKey{a_key(next_id<TenantId>(), "ci"), true}), FaultKind::not_found, "tenant_id");
}

TEST_P(RecordStoreContract, KeyIsResolvedByItsHashWithTenantAndGroup) {
  const Tenant tenant = a_tenant("search");
  const ApiKey key = a_key(tenant.id, "ci");
  ASSERT_TRUE(write(ports::PutTenant{tenant, true}, ports::PutKey{key, true}));
  const auto resolved = now(store_->resolve_key(key.hash, WallTime{0}));
  ASSERT_TRUE(resolved);
  EXPECT_EQ(resolved->key, key);
  EXPECT_EQ(resolved->tenant, tenant);
  EXPECT_EQ(resolved->group, default_group());
  SecretHash unknown = key.hash;
  unknown.bytes.back() ^= 1;
  EXPECT_FALSE(now(store_->resolve_key(unknown, WallTime{0})));
}

TEST_P(RecordStoreContract, FormerHashFindsARotatedKeyUntilItsGraceEnds) {
  const Tenant tenant = a_tenant("search");
  ApiKey key = a_key(tenant.id, "ci");
  key.former_hash = SecretHash{};
  key.former_expires_at = WallTime{5'000};
  ASSERT_TRUE(write(ports::PutTenant{tenant, true}, ports::PutKey{key, true}));
  EXPECT_EQ(now(store_->resolve_key(SecretHash{}, WallTime{4'999}))->key, key);
  EXPECT_FALSE(now(store_->resolve_key(SecretHash{}, WallTime{5'000})));
  EXPECT_TRUE(now(store_->resolve_key(key.hash, WallTime{5'000})));
}

TEST_P(RecordStoreContract, LastUseOnlyMovesForwardAndSurvivesAPut) {
  const Tenant tenant = a_tenant("search");
  const ApiKey key = a_key(tenant.id, "ci");
  ASSERT_TRUE(write(ports::PutTenant{tenant, true}, ports::PutKey{key, true}));
  const std::uint64_t version = now(store_->version());
  ASSERT_TRUE(store_->note_key_uses({{key.id, WallTime{7'000}}, {next_id<KeyId>(), WallTime{1}}}).run_now());
  ASSERT_TRUE(store_->note_key_uses({{key.id, WallTime{6'000}}}).run_now());
  EXPECT_EQ(now(store_->find_key(key.id))->last_used_at, WallTime{7'000});
  EXPECT_EQ(now(store_->version()), version);
  ASSERT_TRUE(write(ports::PutKey{key, false}));
  EXPECT_EQ(now(store_->find_key(key.id))->last_used_at, WallTime{7'000});
}

// ---- models, MCP servers, admin tokens, settings ------------------------------------------------------------------

TEST_P(RecordStoreContract, ModelComesBackAsItWasPut) {
  const Model full = a_model("llama", {"l", "llama-3"});
  Model bare;
  bare.id = next_id<ModelId>();
  bare.model_name = "bare";
  bare.created_at = WallTime{999'999};
  ASSERT_TRUE(write(ports::PutModel{full, true}, ports::PutModel{bare, true}));
  EXPECT_EQ(now(store_->find_model("llama")), full);
  EXPECT_EQ(now(store_->find_model(full.id.uuid())), full);
  EXPECT_EQ(now(store_->find_model("l")), std::nullopt);
  EXPECT_EQ(now(store_->all_models()), (std::vector{full, bare}));
}

TEST_P(RecordStoreContract, EndpointsAreReplacedTogetherWithTheirModel) {
  Model model = a_model("llama", {});
  ASSERT_TRUE(write(ports::PutModel{model, true}));
  std::swap(model.endpoints[0], model.endpoints[1]);
  model.endpoints.push_back(an_endpoint("http://c:8000/v1"));
  ASSERT_TRUE(write(ports::PutModel{model, false}));
  EXPECT_EQ(now(store_->find_model("llama")), model);
}

TEST_P(RecordStoreContract, ModelNamesAndAliasesAreUniqueTogether) {
  ASSERT_TRUE(write(ports::PutModel{a_model("llama", {"l"}), true}));
  expect_fault(write(ports::PutModel{a_model("l", {}), true}), FaultKind::conflict, "model_name");
  expect_fault(write(ports::PutModel{a_model("llama", {}), true}), FaultKind::conflict, "model_name");
  expect_fault(write(ports::PutModel{a_model("other", {"llama"}), true}), FaultKind::conflict, "aliases");
  expect_fault(write(ports::PutModel{a_model("other", {"x", "x"}), true}), FaultKind::conflict, "aliases");
  expect_fault(write(ports::PutModel{a_model("other", {"other"}), true}), FaultKind::conflict, "aliases");
}

TEST_P(RecordStoreContract, NamesThatAModelGivesUpMayBeUsedAgain) {
  Model model = a_model("llama", {"l"});
  ASSERT_TRUE(write(ports::PutModel{model, true}));
  model.model_name = "llama-3";
  model.aliases.clear();
  ASSERT_TRUE(write(ports::PutModel{model, false}));
  const Model next = a_model("l", {"llama"});
  ASSERT_TRUE(write(ports::PutModel{next, true}));
  ASSERT_TRUE(write(ports::DeleteModel{next.id}));
  EXPECT_TRUE(write(ports::PutModel{a_model("llama", {"l"}), true}));
}

TEST_P(RecordStoreContract, McpServerComesBackAsItWasPut) {
  McpServer server = an_mcp_server("tools");
  ASSERT_TRUE(write(ports::PutMcpServer{server, true}));
  EXPECT_EQ(now(store_->find_mcp_server("tools")), server);
  EXPECT_EQ(now(store_->find_mcp_server(server.id.uuid())), server);
  expect_fault(write(ports::PutMcpServer{an_mcp_server("tools"), true}), FaultKind::conflict, "name");
  server.auth_header.reset();
  server.access.reset();
  ASSERT_TRUE(write(ports::PutMcpServer{server, false}));
  EXPECT_EQ(now(store_->find_mcp_server("tools")), server);
  ASSERT_TRUE(write(ports::DeleteMcpServer{server.id}));
  EXPECT_EQ(now(store_->find_mcp_server("tools")), std::nullopt);
}

TEST_P(RecordStoreContract, AdminTokensComeBackInTheOrderOfTheirMaking) {
  const AdminToken first = an_admin_token("z");
  const AdminToken second = an_admin_token("a");
  ASSERT_TRUE(write(ports::PutAdminToken{second, true}, ports::PutAdminToken{first, true}));
  EXPECT_EQ(now(store_->all_admin_tokens()), (std::vector{first, second}));
  expect_fault(write(ports::PutAdminToken{an_admin_token("a"), true}), FaultKind::conflict, "name");
  ASSERT_TRUE(write(ports::DeleteAdminToken{first.id}));
  EXPECT_EQ(now(store_->all_admin_tokens()), std::vector{second});
}

TEST_P(RecordStoreContract, SettingIsReplacedAndRemoved) {
  using Settings = std::vector<std::pair<std::string, std::string>>;
  ASSERT_TRUE(write(ports::PutSetting{"capacity", "64"}, ports::PutSetting{"brownout", ""}));
  ASSERT_TRUE(write(ports::PutSetting{"capacity", "128"}));
  EXPECT_EQ(now(store_->all_settings()), (Settings{{"brownout", ""}, {"capacity", "128"}}));
  ASSERT_TRUE(write(ports::PutSetting{"brownout", std::nullopt}, ports::PutSetting{"never", std::nullopt}));
  EXPECT_EQ(now(store_->all_settings()), (Settings{{"capacity", "128"}}));
}

// ---- transactions, audit, versions --------------------------------------------------------------------------------

TEST_P(RecordStoreContract, FailingTransactionLeavesNothingBehind) {
  const std::uint64_t version = now(store_->version());
  ports::Transaction transaction;
  transaction.writes = {ports::PutTenant{a_tenant("search"), true}, ports::DeleteModel{next_id<ModelId>()}};
  transaction.audit = {an_entry("tenant.create", "t")};
  expect_fault(store_->commit(transaction).run_now(), FaultKind::not_found, "id");
  EXPECT_EQ(now(store_->find_tenant("search")), std::nullopt);
  EXPECT_TRUE(now(store_->list_audit({})).rows.empty());
  EXPECT_EQ(now(store_->version()), version);
}

TEST_P(RecordStoreContract, RehearsalRefusesWhatCommitWouldAndKeepsNothing) {
  const Group group = a_group("batch");
  Tenant tenant = a_tenant("search");
  tenant.group = group.id;
  const std::vector<ports::Write> writes{ports::PutGroup{group, true}, ports::PutTenant{tenant, true}};
  const std::uint64_t version = now(store_->version());
  EXPECT_TRUE(rehearse(writes));
  EXPECT_TRUE(rehearse(writes)) << "the first one kept something";
  EXPECT_EQ(now(store_->version()), version);
  EXPECT_EQ(now(store_->find_tenant("search")), std::nullopt);
  ASSERT_TRUE(write(writes[0], writes[1]));
  const Result<void> again = rehearse(writes);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, FaultKind::conflict);
  const Result<void> in_use = rehearse({ports::DeleteGroup{group.id}});
  ASSERT_FALSE(in_use);
  EXPECT_EQ(in_use.error().message, "the group \"batch\" has 1 tenant: move it to another first");
  ASSERT_TRUE(write(ports::DeleteTenant{tenant.id}, ports::DeleteGroup{group.id})) << "the session goes on";
}

TEST_P(RecordStoreContract, WhatWasDecidedOnAFormerVersionIsRefusedAndMayBeTriedAgain) {
  const std::uint64_t former = now(store_->version());
  ports::Transaction late{.writes = {ports::PutSetting{"capacity", "1"}}, .audit = {}, .seen = former};
  EXPECT_TRUE(store_->rehearse(late).run_now());
  ASSERT_TRUE(write(ports::PutSetting{"brownout", ""}));
  const Result<void> rehearsed = store_->rehearse(late).run_now();
  ASSERT_FALSE(rehearsed);
  EXPECT_TRUE(rehearsed.error().may_retry);
  const Result<std::uint64_t> refused = store_->commit(late).run_now();
  expect_fault(refused, FaultKind::conflict, "");
  EXPECT_TRUE(refused.error().may_retry);
  EXPECT_EQ(now(store_->version()), former + 1);
  late.seen = former + 1;
  EXPECT_EQ(store_->commit(late).run_now().value_or(0), former + 2);
}

TEST_P(RecordStoreContract, NamesChangeHandsWithinATransaction) {
  Tenant one = a_tenant("one");
  Tenant two = a_tenant("two");
  Model blue = a_model("blue", {"prod"});
  Model green = a_model("green", {"next"});
  ASSERT_TRUE(write(ports::PutTenant{one, true}, ports::PutTenant{two, true}));
  ASSERT_TRUE(write(ports::PutModel{blue, true}, ports::PutModel{green, true}));
  std::swap(one.name, two.name);
  std::swap(blue.model_name, green.model_name);
  std::swap(blue.aliases, green.aliases);
  ASSERT_TRUE(write(ports::PutTenant{one, false}, ports::PutTenant{two, false}, ports::PutModel{blue, false},
                    ports::PutModel{green, false}));
  EXPECT_EQ(now(store_->find_tenant("one")), two);
  EXPECT_EQ(now(store_->find_tenant("two")), one);
  EXPECT_EQ(now(store_->find_model("blue")), green);
  green.aliases = blue.aliases = {"both"};
  expect_fault(write(ports::PutModel{blue, false}, ports::PutModel{green, false}), FaultKind::conflict, "aliases");
  EXPECT_EQ(now(store_->find_model("green"))->aliases, std::vector<std::string>{"next"});
}

TEST_P(RecordStoreContract, EveryCommitRaisesTheVersionByOne) {
  const std::uint64_t version = now(store_->version());
  EXPECT_EQ(write(ports::PutSetting{"capacity", "1"}).value_or(0), version + 1);
  EXPECT_EQ(write(ports::PutTenant{a_tenant("a"), true}, ports::PutTenant{a_tenant("b"), true}).value_or(0),
            version + 2);
  EXPECT_EQ(now(store_->version()), version + 2);
}

TEST_P(RecordStoreContract, RecordsOfCallsChangeNoVersionAndAreForgottenAfterHalfAYear) {
  const std::uint64_t version = now(store_->version());
  const auto commit = [this](std::string kind, std::int64_t day) {
    AuditEntry entry = an_entry("mcp.call", "t");
    entry.target_kind = std::move(kind);
    entry.at = WallTime{day * 86'400'000};
    ports::Transaction transaction;
    transaction.audit = {entry};
    return store_->commit(transaction).run_now();
  };
  EXPECT_EQ(commit("mcp_tool", 1000).value_or(0), version);
  EXPECT_EQ(commit("tenant", 1000).value_or(0), version);
  EXPECT_EQ(commit("mcp_tool", 1180).value_or(0), version);
  EXPECT_EQ(now(store_->list_audit({})).rows.size(), 3U);
  EXPECT_EQ(commit("mcp_tool", 1181).value_or(0), version);
  EXPECT_EQ(now(store_->list_audit({})).rows.size(), 3U) << "the oldest call is gone, the change is not";
}

// The answer to a commit may be lost.
TEST_P(RecordStoreContract, AnAuditRowThatComesAgainIsKeptOnce) {
  ports::Transaction transaction;
  transaction.audit = {an_entry("mcp.call", "t")};
  ASSERT_TRUE(store_->commit(transaction).run_now());
  transaction.audit.push_back(an_entry("mcp.call", "t"));
  ASSERT_TRUE(store_->commit(transaction).run_now());
  EXPECT_EQ(now(store_->list_audit({})).rows.size(), 2U);
}

TEST_P(RecordStoreContract, AuditRowsAreCommittedWithTheirChangeAndReadNewestFirst) {
  ports::Transaction transaction;
  transaction.writes = {ports::PutTenant{a_tenant("search"), true}};
  const AuditEntry first = an_entry("tenant.create", "t1");
  const AuditEntry second = an_entry("tenant.weight", "t1");
  transaction.audit = {first, second};
  ASSERT_TRUE(store_->commit(transaction).run_now());
  const auto page = now(store_->list_audit({}));
  ASSERT_EQ(page.rows.size(), 2U);
  EXPECT_EQ(page.rows[0].id, second.id);
  EXPECT_EQ(page.rows[1].id, first.id);
  EXPECT_EQ(page.rows[1].at, first.at);
  EXPECT_EQ(page.rows[1].actor, "root");
  EXPECT_EQ(page.rows[1].remote_address, "10.0.0.1");
  EXPECT_EQ(page.rows[1].action, "tenant.create");
  EXPECT_EQ(page.rows[1].target_kind, "tenant");
  EXPECT_EQ(page.rows[1].target, "t1");
  EXPECT_EQ(page.rows[1].target_name, "the name");
  EXPECT_EQ(page.rows[1].before_json, "{}");
  EXPECT_EQ(page.rows[1].after_json, "{\"weight\":2}");
}

TEST_P(RecordStoreContract, AuditIsFilteredByActorActionTargetAndTime) {
  ports::Transaction transaction;
  transaction.audit = {an_entry("tenant.create", "t1"), an_entry("tenant.delete", "t1"),
                       an_entry("tenant.create", "t2")};
  transaction.audit[2].actor = "ci";
  transaction.audit[2].target_name = "Batch";
  ASSERT_TRUE(store_->commit(transaction).run_now());
  const auto found = [this](const ports::AuditFilter& filter) {
    std::string serials;
    for (const AuditEntry& entry : now(store_->list_audit(filter)).rows)
      serials += std::to_string(entry.at.unix_ms - 1'000);
    return serials;
  };
  EXPECT_EQ(found({.page = {}, .actor = "ci", .action = {}, .target = {}, .since = {}, .until = {}}), "3");
  EXPECT_EQ(found({.page = {}, .actor = {}, .action = "tenant.create", .target = {}, .since = {}, .until = {}}), "31");
  EXPECT_EQ(found({.page = {}, .actor = {}, .action = {}, .target = "t1", .since = {}, .until = {}}), "21");
  EXPECT_EQ(found({.page = {}, .actor = {}, .action = {}, .target = "Batch", .since = {}, .until = {}}), "3");
  const WallTime second{1'002};
  EXPECT_EQ(found({.page = {}, .actor = {}, .action = {}, .target = {}, .since = second, .until = {}}), "32");
  EXPECT_EQ(found({.page = {}, .actor = {}, .action = {}, .target = {}, .since = {}, .until = second}), "1");
}

TEST_P(RecordStoreContract, AuditOfATargetIsPagedNewestFirstWhetherByItsIdOrItsName) {
  ports::Transaction transaction;
  for (const auto& [target, name] : {std::pair{"id", "tools"},
                                     {"tools", "tools/read"},
                                     {"id", "other"},
                                     {"tools", "tools"},
                                     {"tools", "tools/write"}}) {
    transaction.audit.push_back(an_entry("mcp_server.update", target));
    transaction.audit.back().target_name = name;
  }
  ASSERT_TRUE(store_->commit(transaction).run_now());
  ports::AuditFilter filter;
  filter.target = "tools";
  filter.page.limit = 3;
  std::string serials;
  do {
    const auto page = now(store_->list_audit(filter));
    for (const AuditEntry& entry : page.rows)
      serials += std::to_string(entry.at.unix_ms - 1'000);
    filter.page.cursor = page.next_cursor;
    serials += '|';
  } while (!filter.page.cursor.empty());
  EXPECT_EQ(serials, "542|1|");
}

// ---- paging -------------------------------------------------------------------------------------------------------

TEST_P(RecordStoreContract, PagesGiveEveryRowOnceInTheOrderOfCreation) {
  ports::Transaction transaction;
  std::vector<std::string> expected;
  for (int row = 0; row < 25; ++row) {
    Tenant tenant = a_tenant("tenant " + std::to_string(row));
    tenant.created_at = WallTime{row / 3};  // ties within threes
    expected.push_back(tenant.name);
    transaction.writes.insert(transaction.writes.begin(), ports::PutTenant{tenant, true});
  }
  ASSERT_TRUE(store_->commit(transaction).run_now());
  std::vector<std::string> seen;
  ports::PageRequest request{.limit = 4, .cursor = {}, .name_contains = {}};
  do {
    const auto page = now(store_->list_tenants(request));
    EXPECT_LE(page.rows.size(), 4U);
    for (const Tenant& tenant : page.rows)
      seen.push_back(tenant.name);
    request.cursor = page.next_cursor;
  } while (!request.cursor.empty());
  EXPECT_EQ(seen, expected);
}

TEST_P(RecordStoreContract, RowsThatComeAndGoDoNotShiftTheNextPage) {
  std::vector<Group> groups;
  for (const char* name : {"a", "b", "c", "d"}) {
    groups.push_back(a_group(name));
    ASSERT_TRUE(write(ports::PutGroup{groups.back(), true}));
  }
  const auto first = now(store_->list_groups({.limit = 2, .cursor = {}, .name_contains = {}}));
  ASSERT_EQ(first.rows, (std::vector{groups[0], groups[1]}));
  Group early = a_group("early");
  early.created_at = WallTime{1};
  ASSERT_TRUE(write(ports::DeleteGroup{groups[1].id}, ports::PutGroup{early, true}));
  const auto second = now(store_->list_groups({.limit = 2, .cursor = first.next_cursor, .name_contains = {}}));
  EXPECT_EQ(second.rows, (std::vector{groups[2], groups[3]}));
}

TEST_P(RecordStoreContract, ListsAreFilteredByAPartOfTheName) {
  const Tenant tenant = a_tenant("Search_100%");
  ASSERT_TRUE(write(ports::PutTenant{tenant, true}, ports::PutTenant{a_tenant("batch"), true}));
  ASSERT_TRUE(write(ports::PutKey{a_key(tenant.id, "ci"), true}, ports::PutModel{a_model("llama", {}), true}));
  const auto tenants_with = [this](const char* part) {
    return now(store_->list_tenants({.limit = 50, .cursor = {}, .name_contains = part})).rows.size();
  };
  EXPECT_EQ(tenants_with("search"), 1U);
  EXPECT_EQ(tenants_with("%"), 1U);
  EXPECT_EQ(tenants_with("_"), 1U);
  EXPECT_EQ(tenants_with(""), 2U);
  EXPECT_EQ(now(store_->list_keys(tenant.id, {.limit = 50, .cursor = {}, .name_contains = "C"})).rows.size(), 1U);
  EXPECT_EQ(now(store_->list_keys(next_id<TenantId>(), {})).rows.size(), 0U);
  EXPECT_EQ(now(store_->list_keys(std::nullopt, {})).rows.size(), 1U);
  EXPECT_EQ(now(store_->list_models({.limit = 50, .cursor = {}, .name_contains = "lam"})).rows.size(), 1U);
  EXPECT_EQ(now(store_->list_mcp_servers({.limit = 50, .cursor = {}, .name_contains = "lam"})).rows.size(), 0U);
}

TEST_P(RecordStoreContract, CursorThatNoListGaveIsRefusedByItsName) {
  for (const char* cursor : {"x", "12", "12.", "12.zz", "9x.0123456789abcdef0123456789abcdef", "'; --"}) {
    const auto page = store_->list_tenants({.limit = 5, .cursor = cursor, .name_contains = {}}).run_now();
    ASSERT_FALSE(page) << cursor;
    EXPECT_EQ(page.error().field, "cursor");
    EXPECT_EQ(page.error().kind, FaultKind::invalid);
  }
}

}  // namespace obleth::adapters
