#include "admin/api_fixture_test.hpp"

namespace obleth::admin {
namespace {

class ApplyApi : public ApiTest {
 protected:
  static constexpr const char* file = R"(
groups:
  - name: batch
    weight: 3
tenants:
  - name: chat
    weight: 500
    tokens_per_minute: 100000
    budget: {period: month, cost_usd: "250.00"}
    keys:
      - name: web
      - name: app
        max_in_flight: 4
  - name: nightly
    group: batch
models:
  - model_name: llama
    api_base: http://vllm:8000/v1
    input_cost_per_token: 0.000003
mcp_servers:
  files:
    upstream_url: http://mcp:3000/mcp
capacity:
  max_in_flight: 64
)";

  Json apply(const std::string& body, const std::string& query = "") {
    return expect_status(200, "POST", "/apply" + query, body);
  }
  // "create tenant chat", …
  static std::vector<std::string> changes_of(const Json& result) {
    std::vector<std::string> changes;
    for (const Json& change : *result.find("changes")->items())
      changes.push_back(text_of(change, "action") + " " + text_of(change, "kind") + " " + text_of(change, "name"));
    return changes;
  }
  using Changes = std::vector<std::string>;
};

TEST_F(ApplyApi, MakesWhatTheFileStatesInOneTransaction) {
  const Json result = apply(file);
  EXPECT_EQ(changes_of(result), (Changes{"create group batch", "create tenant chat", "create key web", "create key app",
                                         "create tenant nightly", "create model llama", "create mcp_server files",
                                         "update capacity capacity"}));
  ASSERT_EQ(result.find("secrets")->items()->size(), 2U);
  EXPECT_TRUE(is_well_formed_key(text_of(result.find("secrets")->items()->front(), "secret")));
  EXPECT_EQ(store->version().run_now().value(), 1U);
  EXPECT_EQ(text_of(expect_status(200, "GET", "/tenants/nightly"), "group"), "batch");
  EXPECT_EQ(text_of(expect_status(200, "GET", "/models/llama"), "input_cost_per_token"), "0.000003");
  EXPECT_EQ(text_of(expect_status(200, "GET", "/capacity"), "max_in_flight"), "64");
}

TEST_F(ApplyApi, TellsOnceOfModelsAndOfEachTenantAndKey) {
  apply(R"({"models":[{"model_name":"a","api_base":"http://a/v1"},{"model_name":"b","api_base":"http://b/v1"},
                      {"model_name":"c","api_base":"http://c/v1"}],
            "tenants":[{"name":"one","keys":[{"name":"k"},{"name":"l"}]},{"name":"two"}]})");
  EXPECT_EQ(feed.count<ports::ModelsChanged>(), 1);
  EXPECT_EQ(feed.count<ports::TenantChanged>(), 2);
  EXPECT_EQ(feed.count<ports::KeyChanged>(), 2);
}

TEST_F(ApplyApi, SecondTimeChangesNothing) {
  apply(file);
  const Json again = apply(file);
  EXPECT_EQ(changes_of(again), Changes{});
  EXPECT_TRUE(again.find("version")->is_null());
  EXPECT_EQ(store->version().run_now().value(), 1U);
}

TEST_F(ApplyApi, DryRunTellsThePlanAndKeepsItsHandsOff) {
  const Json plan = apply(file, "?dry_run=true");
  EXPECT_EQ(changes_of(plan).size(), 8U);
  EXPECT_TRUE(plan.find("secrets")->items()->empty());
  EXPECT_EQ(store->version().run_now().value(), 0U);
  EXPECT_TRUE(feed.changes.empty());
  EXPECT_EQ(changes_of(apply(std::string(file) + "dry_run: true\n")).size(), 8U);
  EXPECT_EQ(store->version().run_now().value(), 0U);
}

TEST_F(ApplyApi, ChangesOnlyWhatItNamesAndNullClears) {
  apply(file);
  const Json result = apply("tenants: [{name: chat, weight: 7, budget: null}]");
  EXPECT_EQ(changes_of(result), Changes{"update tenant chat"});
  EXPECT_EQ(text_of(result.find("changes")->items()->front(), "before"),
            R"({"weight":500,"budget":{"period":"month","starts_at":null,"tokens":null,"cost_usd":"250.00"}})");
  const Json chat = expect_status(200, "GET", "/tenants/chat");
  EXPECT_EQ(text_of(chat, "tokens_per_minute"), "100000");
  EXPECT_EQ(text_of(chat, "budget"), "null");
}

TEST_F(ApplyApi, PruneDeletesWhatASectionDoesNotName) {
  apply(file);
  const Json result = apply("prune: true\ngroups: []\ntenants: [{name: chat, keys: [{name: web}]}]\n");
  EXPECT_EQ(changes_of(result), (Changes{"delete key app", "delete tenant nightly", "delete group batch"}));
  expect_status(200, "GET", "/models/llama");
  expect_status(200, "GET", "/mcp-servers/files");
  EXPECT_EQ(changes_of(apply(R"({"models":[],"mcp_servers":{},"prune":true})")),
            (Changes{"delete model llama", "delete mcp_server files"}));
}

TEST_F(ApplyApi, EveryFaultIsToldByWhereItStandsAndNothingIsDone) {
  expect_refused(
      400, "POST", "/apply", R"({
    "groups": [{"weight": 1}, {"name": "g", "weight": 0}],
    "tenants": {"t": {"colour": "red", "group": "nobody", "keys": [{"name": "k", "weight": 0}]}},
    "models": [{"model_name": "m", "api_base": "nowhere"}, {"model_name": "n"}],
    "mcp_servers": [{"name": "UPPER", "upstream_url": "http://x"}],
    "capacity": 0})",
      {"groups[0].name", "groups[1].weight", "tenants.t.colour", "tenants.t.group", "tenants.t.keys[0].weight",
       "models[0].api_base", "models[1].api_base", "mcp_servers[0].name", "capacity.max_in_flight"});
  expect_refused(400, "POST", "/apply", R"({"tenents": [], "prune": 1, "tenants": [{"name": "a", "weight": 0}]})",
                 {"tenents", "prune", "tenants[0].weight"});
  expect_refused(400, "POST", "/apply", R"({"tenants": [{"name":"a"},{"name":"a"}], "prune": 1})",
                 {"prune", "tenants[1]"});
  expect_refused(400, "POST", "/apply", R"({
    "groups": [{"weight": 0, "z": 1}], "mcp_servers": [{"upstream_url": "q"}],
    "models": [{"model_nam": "x", "api_base": "ftp://q"}],
    "tenants": [{"nam": "x", "weight": 0}, {"name": "y", "keys": [{"nam": "k", "weight": 0}]}, "z"]})",
                 {"groups[0].name", "groups[0].z", "groups[0].weight", "tenants[0].name", "tenants[2]",
                  "tenants[0].nam", "tenants[0].weight", "tenants[1].keys[0].name", "tenants[1].keys[0].nam",
                  "tenants[1].keys[0].weight", "models[0].model_name", "models[0].model_nam", "models[0].api_base",
                  "mcp_servers[0].name", "mcp_servers[0].upstream_url"});
  const Json unquoted = expect_status(400, "POST", "/apply", "groups: [{name: 1.50}]\n");
  EXPECT_NE(to_text(unquoted).find("must be text: put it in quotes"), std::string::npos) << to_text(unquoted);
  expect_status(400, "POST", "/apply", "tenants: [");
  expect_status(400, "POST", "/apply", "tenants: []\n---\ntenants: [{name: of-the-second-document}]\n");
  EXPECT_EQ(store->version().run_now().value(), 0U);
}

TEST_F(ApplyApi, ExportAppliesToAnEmptyRecordAndGivesTheSameExport) {
  apply(file);
  for (const char* format : {"json", "yaml"}) {
    const std::string exported = call("GET", std::string("/export?format=") + format).body;
    EXPECT_EQ(changes_of(apply(exported)), Changes{}) << exported;
    rebuild(true);
    apply(exported);
    EXPECT_EQ(call("GET", std::string("/export?format=") + format).body, exported);
  }
}

TEST_F(ApplyApi, ExportTellsTheSameRecordInTheSameOrder) {
  apply("groups: [{name: b}, {name: a}]\ntenants: [{name: d, keys: [{name: z}, {name: y}]}, {name: c}]\n");
  const std::string exported = call("GET", "/export").body;
  rebuild(true);
  apply("tenants: [{name: c}, {name: d, keys: [{name: y}, {name: z}]}]\ngroups: [{name: a}, {name: b}]\n");
  EXPECT_EQ(call("GET", "/export").body, exported);
}

TEST_F(ApplyApi, NamesChangeHandsWhateverTheOrderOfTheDocument) {
  const auto aliases = [this](const char* model) {
    return to_text(*expect_status(200, "GET", std::string("/models/") + model).find("aliases"));
  };
  apply(R"({"models":[{"model_name":"blue","api_base":"http://b"},
                      {"model_name":"green","api_base":"http://g","aliases":["prod"]}]})");
  const std::string moved =
      R"({"models":[{"model_name":"blue","aliases":["prod"]},{"model_name":"green","aliases":[]}]})";
  EXPECT_EQ(changes_of(apply(moved, "?dry_run=true")), (Changes{"update model blue", "update model green"}));
  apply(moved);
  EXPECT_EQ(aliases("blue"), R"(["prod"])");
  EXPECT_EQ(aliases("green"), "[]");
  apply(R"({"models":[{"model_name":"green","aliases":["next"]}]})");
  apply(R"({"models":[{"model_name":"blue","aliases":["next"]},{"model_name":"green","aliases":["prod"]}]})");
  EXPECT_EQ(aliases("blue"), R"(["next"])");
  EXPECT_EQ(aliases("green"), R"(["prod"])");
  apply(R"({"models":{"blue":{"model_name":"green"},"green":{"model_name":"blue"}}})");
  EXPECT_EQ(aliases("green"), R"(["next"])");
  // One of two that claim the same name gets it no more than before.
  for (const char* query : {"", "?dry_run=true"})
    expect_refused(409, "POST", std::string("/apply") + query,
                   R"({"models":[{"model_name":"blue","aliases":["x"]},{"model_name":"green","aliases":["x"]}]})",
                   {"aliases"});
}

TEST_F(ApplyApi, TwoOfAKindSwapTheirNames) {
  apply(
      "groups: [{name: a, weight: 1}, {name: b, weight: 2}]\n"
      "tenants: [{name: a, weight: 1, keys: [{name: a, weight: 1}, {name: b, weight: 2}]}, {name: b, weight: 2}]\n"
      "mcp_servers: [{name: a, upstream_url: http://a}, {name: b, upstream_url: http://b}]\n");
  apply(
      "groups: {a: {name: b}, b: {name: a}}\n"
      "tenants: {a: {name: b, keys: {a: {name: b}, b: {name: a}}}, b: {name: a}}\n"
      "mcp_servers: {a: {name: b}, b: {name: a}}\n");
  const auto told = [this](const char* path, const char* field) {
    return text_of(expect_status(200, "GET", path), field);
  };
  EXPECT_EQ(told("/fairshare/groups/a", "weight"), "2");
  EXPECT_EQ(told("/tenants/a", "weight"), "2");
  EXPECT_EQ(told("/mcp-servers/a", "upstream_url"), "http://b");
  expect_refused(400, "PATCH", "/fairshare/groups/default", R"({"name":"c"})", {"name"});
  expect_refused(409, "POST", "/apply", R"({"groups":{"default":{"name":"c"},"a":{"weight":7}}})", {"name"});
}

TEST_F(ApplyApi, RulesOfMcpServersNameWhatTheDocumentMakes) {
  const std::string stated =
      R"({"capacity": {"max_in_flight": 8}, "groups": [{"name": "g"}], "tenants": [{"name": "t"}],
      "prune": true, "mcp_servers": {"files": {"upstream_url": "http://mcp", "access": [{"tenant": "t"}, {"group": "g"}]}}})";
  EXPECT_EQ(changes_of(apply(stated)).size(), 4U);
  EXPECT_EQ(changes_of(apply(stated)), Changes{});
  const std::string exported = call("GET", "/export").body;
  rebuild(true);
  apply(exported);
  EXPECT_EQ(call("GET", "/export").body, exported);
  expect_refused(400, "POST", "/apply", R"({"tenants": [], "prune": true,
      "mcp_servers": {"files": {"access": [{"tenant": "t"}, {"group": "nope"}]}}})",
                 {"mcp_servers.files.access[0].tenant", "mcp_servers.files.access[1].group"});
}

TEST_F(ApplyApi, ConflictLeavesNothingBehindAndIsToldByADryRunToo) {
  apply(file);
  const std::uint64_t before = store->version().run_now().value();
  for (const char* query : {"", "?dry_run=true"}) {
    const std::string target = std::string("/apply") + query;
    expect_status(
        409, "POST", target,
        R"({"tenants":[{"name":"new"}],"models":[{"model_name":"other","aliases":["llama"],"api_base":"http://v"}]})");
    const Json in_use = expect_status(409, "POST", target, R"({"groups":[],"prune":true})");
    EXPECT_EQ(text_of(*in_use.find("error"), "message"), "the group \"batch\" has 1 tenant: move it to another first");
  }
  EXPECT_EQ(store->version().run_now().value(), before);
  expect_status(404, "GET", "/tenants/new");
}

}  // namespace
}  // namespace obleth::admin
