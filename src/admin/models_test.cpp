#include <thread>

#include "admin/api_fixture_test.hpp"
#include "admin/dripping_upstream_test.hpp"
#include "mock/fake_loop.hpp"

namespace obleth::admin {
namespace {

using ModelsApi = ApiTest;

constexpr const char* plain_model =
    R"({"model_name":"llama","upstream_model":"meta/llama","api_base":"http://vllm:8000/v1",
  "input_cost_per_token":0.000003,"output_cost_per_token":"0.000015","context_window":32768,"enabled":true})";

TEST_F(ModelsApi, PlainApiBaseIsOneEndpointAndPricesAreExact) {
  const Json made = expect_status(201, "POST", "/models", plain_model);
  EXPECT_EQ(text_of(made, "api_base"), "http://vllm:8000/v1");
  ASSERT_EQ(made.find("endpoints")->items()->size(), 1U);
  EXPECT_EQ(text_of(made.find("endpoints")->items()->front(), "api_base"), "http://vllm:8000/v1");
  EXPECT_EQ(text_of(made, "input_cost_per_token"), "0.000003");
  EXPECT_EQ(text_of(made, "output_cost_per_token"), "0.000015");
  EXPECT_EQ(text_of(made, "cached_input_cost_per_token"), "null");
  EXPECT_EQ(text_of(made, "admission_weight"), "1");
  EXPECT_EQ(text_of(made, "output_token_cost"), "4");
  EXPECT_EQ(expect_status(200, "GET", "/models/llama"), made);
  EXPECT_EQ(expect_status(200, "GET", "/models/" + id_of(made)), made);
  EXPECT_EQ(feed.count<ports::ModelsChanged>(), 1);
}

TEST_F(ModelsApi, NameWithASlashIsFoundEncoded) {
  expect_status(201, "POST", "/models", R"({"model_name":"meta/llama 3","api_base":"http://v"})");
  EXPECT_EQ(text_of(expect_status(200, "GET", "/models/meta%2Fllama%203"), "upstream_model"), "meta/llama 3");
}

TEST_F(ModelsApi, PutOfWhatWasPostedAndOneMoreFieldChangesThatField) {
  const Json made = expect_status(201, "POST", "/models", plain_model);
  Json body = *parse_json(plain_model);
  body.set("admission_weight", Json::number("2.5"));
  const Json replaced = expect_status(200, "PUT", "/models/llama", to_text(body));
  EXPECT_EQ(text_of(replaced, "admission_weight"), "2.5");
  Json same = replaced;
  same.set("admission_weight", 1);
  EXPECT_EQ(same, made);
}

TEST_F(ModelsApi, NullClearsNamesAndLeavesTheFirstEndpoint) {
  expect_status(201, "POST", "/models",
                R"({"model_name":"m","aliases":["n"],"upstream_model":"up",
                    "endpoints":[{"api_base":"http://a","priority":3},{"api_base":"http://b"}]})");
  const Json cleared =
      expect_status(200, "PATCH", "/models/m", R"({"aliases":null,"upstream_model":null,"endpoints":null})");
  EXPECT_EQ(text_of(cleared, "aliases"), "[]");
  EXPECT_EQ(text_of(cleared, "upstream_model"), "m");
  EXPECT_EQ(cleared.find("endpoints")->items()->size(), 1U);
  EXPECT_EQ(text_of(cleared, "api_base"), "http://a");
  expect_refused(400, "PATCH", "/models/m", R"({"model_name":null,"endpoints":[{"api_base":null}]})",
                 {"model_name", "endpoints[0].api_base"});
}

TEST_F(ModelsApi, EveryFaultIsToldAtOnceByItsField) {
  expect_refused(400, "POST", "/models",
                 R"({"aliases":["a","a"],"api_base":"ftp://x","input_cost_per_token":-1,"output_cost_per_token":"free",
                     "cost_per_request":0.0000000000001,"context_window":0,"admission_weight":0.001,"max_in_flight":0,
                     "cache_scope":"world","max_retries":1.5,"gpus":"2","upstream_headers":{"Host":"x","a b":"x","ok":1}})",
                 {"model_name", "api_base", "upstream_headers.Host", "upstream_headers.a b", "upstream_headers.ok",
                  "input_cost_per_token", "output_cost_per_token", "cost_per_request", "context_window",
                  "admission_weight", "max_in_flight", "cache_scope", "max_retries", "gpus"});
  expect_refused(400, "POST", "/models", R"({"model_name":"x"})", {"api_base"});
  expect_refused(400, "POST", "/models", R"({"context_window":0})", {"model_name", "context_window", "api_base"});
  expect_refused(400, "POST", "/models", R"({"endpoints":[{"api_base":"q"}]})",
                 {"model_name", "endpoints[0].api_base"});
  expect_refused(400, "POST", "/models", R"({"model_name":"x","api_base":"http://v","aliases":["x"]})", {"aliases"});
  expect_refused(400, "POST", "/models", R"({"model_name":"x","endpoints":[]})", {"endpoints"});
}

TEST_F(ModelsApi, AddressesThatAreNeverConnectedToAreRefusedAtRegistration) {
  for (const char* url :
       {"http://169.254.169.254/v1", "http://2852039166/", "http://0xA9FEA9FE/", "http://0251.0376.0251.0376",
        "http://169.254.169.254./", "http://127.1/", "file:///etc/passwd", "gopher://x", "http://", "http://user@host/",
        "http://host/?q=1", "http://host/#f", "//host"}) {
    const Json body = Json::object({{"model_name", "x"}, {"api_base", url}});
    expect_refused(400, "POST", "/models", to_text(body), {"api_base"});
  }
  for (const char* url :
       {"http://10.0.0.1:8000", "https://api.example.com/v1", "http://[fd00::1]:8000/v1", "http://vllm-1.ns"}) {
    const Json body = Json::object({{"model_name", url}, {"api_base", url}});
    expect_status(201, "POST", "/models", to_text(body));
  }
}

TEST_F(ModelsApi, CredentialsAreWrittenNeverShownAndKeptUnlessNamed) {
  const Json made = expect_status(
      201, "POST", "/models",
      R"({"model_name":"m","api_base":"http://v","api_key":"top-secret","upstream_headers":{"x-team":"head-secret","x-b":"2"}})");
  EXPECT_EQ(text_of(made, "api_key_set"), "true");
  EXPECT_EQ(text_of(made, "upstream_headers_set"), R"(["x-team","x-b"])");
  EXPECT_EQ(made.find("api_key"), nullptr);
  expect_status(200, "PUT", "/models/m", to_text(made));
  const auto key = [&] { return store->find_model("m").run_now()->value().api_key; };
  EXPECT_EQ(key(), Secret("top-secret"));
  expect_status(200, "PATCH", "/models/m", R"({"api_key":"other-secret","upstream_headers":{"X-Team":null}})");
  EXPECT_EQ(key(), Secret("other-secret"));
  EXPECT_EQ(text_of(expect_status(200, "GET", "/models/m"), "upstream_headers_set"), R"(["x-b"])");
  const Json cleared = expect_status(200, "PATCH", "/models/m", R"({"api_key":null,"upstream_headers":null})");
  EXPECT_EQ(text_of(cleared, "api_key_set"), "false");
  EXPECT_EQ(text_of(cleared, "upstream_headers_set"), "[]");
  const std::string log = call("GET", "/audit").body;
  EXPECT_EQ(log.find("secret\""), std::string::npos) << log;
  EXPECT_NE(log.find(R"("api_key":"***")"), std::string::npos) << log;
  EXPECT_EQ(call("GET", "/export").body.find("secret\""), std::string::npos);
}

TEST_F(ModelsApi, NoHeaderIsRegisteredThatWouldStandTwice) {
  for (const char* name : {"Accept-Encoding", "X-Request-Id", "Traceparent", "Via"}) {
    const Json body = Json::object(
        {{"model_name", "x"}, {"api_base", "http://v"}, {"upstream_headers", Json::object({{name, "a"}})}});
    expect_refused(400, "POST", "/models", to_text(body), {std::string("upstream_headers.") + name});
  }
  const std::vector<std::string> beside = {"upstream_headers.authorization"};
  expect_refused(
      400, "POST", "/models",
      R"({"model_name":"x","api_base":"http://v","api_key":"k","upstream_headers":{"authorization":"Token t"}})",
      beside);
  expect_status(201, "POST", "/models",
                R"({"model_name":"x","api_base":"http://v","upstream_headers":{"authorization":"Token t"}})");
  expect_refused(400, "PATCH", "/models/x", R"({"api_key":"k"})", beside);
  expect_refused(400, "POST", "/models/x/endpoints", R"({"api_base":"http://w","api_key":"k"})", beside);
  expect_status(200, "PATCH", "/models/x", R"({"api_key":"k","upstream_headers":{"Authorization":null}})");
  // Such a record of before stays editable.
  Model record = **store->find_model("x").run_now();
  record.upstream_headers = {{"Authorization", Secret("Token t")}, {"Via", Secret("a")}};
  ASSERT_TRUE(store->commit({.writes = {ports::PutModel{record}}, .audit = {}, .seen = {}}).run_now());
  expect_status(200, "PATCH", "/models/x", R"({"gpus":2})");
}

TEST_F(ModelsApi, CredentialsNeedTheEncryptionKey) {
  rebuild(false);
  expect_refused(
      400, "POST", "/models",
      R"({"model_name":"m","endpoints":[{"api_base":"http://v","api_key":"k"}],"api_key":"k","upstream_headers":{"x":"y"}})",
      {"api_key", "upstream_headers", "endpoints[0].api_key"});
  expect_refused(400, "POST", "/mcp-servers", R"({"name":"m","upstream_url":"http://v","auth_header":"Bearer x"})",
                 {"auth_header"});
  const Answered answered = call("POST", "/models", R"({"model_name":"m","api_base":"http://v","api_key":"k"})");
  EXPECT_NE(answered.body.find("OBLETH_ENCRYPTION_KEY"), std::string::npos) << answered.body;
  expect_status(201, "POST", "/models", R"({"model_name":"m","api_base":"http://v"})");
}

TEST_F(ModelsApi, ApiBaseStandsForTheFirstEndpoint) {
  Json made = expect_status(
      201, "POST", "/models",
      R"({"model_name":"m","endpoints":[{"api_base":"http://a","api_key":"ka"},{"api_base":"http://b","priority":1}]})");
  EXPECT_EQ(text_of(made, "api_base"), "http://a");
  made.set("api_base", "http://c");
  const Json moved = expect_status(200, "PUT", "/models/m", to_text(made));
  const Json& first = moved.find("endpoints")->items()->front();
  EXPECT_EQ(text_of(first, "api_base"), "http://c");
  EXPECT_EQ(id_of(first), id_of(made.find("endpoints")->items()->front()));
  EXPECT_EQ(text_of(first, "api_key_set"), "true");
  EXPECT_EQ(moved.find("endpoints")->items()->size(), 2U);
  Json both = moved;
  both.set("api_base", "http://d");
  for (Json::Member& member : *both.members()) {
    if (member.first == "endpoints") member.second.items()->front().set("api_base", "http://e");
  }
  expect_refused(400, "PUT", "/models/m", to_text(both), {"api_base"});
  const Json single = expect_status(200, "PUT", "/models/m", R"({"model_name":"m","api_base":"http://c"})");
  EXPECT_EQ(single.find("endpoints")->items()->size(), 1U);
  EXPECT_EQ(id_of(single.find("endpoints")->items()->front()), id_of(first));
}

TEST_F(ModelsApi, EndpointsAreAddedReplacedAndRemoved) {
  live.endpoint_state = [](EndpointId) { return EndpointState{"ejected", 3, WallTime{0}}; };
  rebuild(true);
  const Json made = expect_status(201, "POST", "/models", plain_model);
  const std::string path = "/models/llama/endpoints";
  const Json added =
      expect_status(201, "POST", path, R"({"api_base":"http://vllm:8000/v1","api_key":"k","priority":2})");
  EXPECT_EQ(text_of(added, "health"), "ejected");
  EXPECT_EQ(text_of(added, "in_flight"), "3");
  EXPECT_EQ(text_of(added, "ejected_until"), "1970-01-01T00:00:00Z");
  EXPECT_EQ(expect_status(200, "GET", path).find("data")->items()->size(), 2U);
  Json changed = added;
  changed.set("enabled", false);
  const Json replaced = expect_status(200, "PUT", path + "/" + id_of(added), to_text(changed));
  EXPECT_EQ(replaced, changed);
  const Json without_key =
      expect_status(200, "PUT", path + "/" + id_of(added), R"({"api_base":"http://b","api_key":null})");
  EXPECT_EQ(text_of(without_key, "api_key_set"), "false");
  EXPECT_EQ(text_of(without_key, "priority"), "0");
  expect_refused(400, "PUT", path + "/" + id_of(added), R"({"priority":-1,"weight":1})",
                 {"weight", "api_base", "priority"});
  expect_status(404, "PUT", path + "/nothing", R"({"api_base":"http://b"})");
  expect_status(204, "DELETE", path + "/" + id_of(made.find("endpoints")->items()->front()));
  EXPECT_EQ(text_of(expect_status(200, "GET", "/models/llama"), "api_base"), "http://b");
  expect_status(409, "DELETE", path + "/" + id_of(added));
}

TEST_F(ModelsApi, EndpointsComeInPagesThatGoOnWhereTheLastToldWasRemoved) {
  expect_status(
      201, "POST", "/models",
      R"({"model_name":"m","endpoints":[{"api_base":"http://a"},{"api_base":"http://b"},{"api_base":"http://c"}]})");
  const std::string path = "/models/m/endpoints";
  const auto bases = [](const Json& page) {
    std::string told;
    for (const Json& endpoint : *page.find("data")->items())
      told += text_of(endpoint, "api_base") + " ";
    return told;
  };
  const Json first = expect_status(200, "GET", path + "?limit=2");
  EXPECT_EQ(bases(first), "http://a http://b ");
  const std::string second = path + "?limit=2&cursor=" + text_of(first, "next_cursor");
  const Json rest = expect_status(200, "GET", second);
  EXPECT_EQ(bases(rest), "http://c ");
  EXPECT_TRUE(rest.find("next_cursor")->is_null());
  expect_status(204, "DELETE", path + "/" + id_of(first.find("data")->items()->back()));
  EXPECT_EQ(bases(expect_status(200, "GET", second)), "http://c ");
  expect_status(204, "DELETE", path + "/" + id_of(rest.find("data")->items()->front()));
  EXPECT_EQ(bases(expect_status(200, "GET", second)), "");
  expect_refused(400, "GET", path + "?limit=0", "", {"limit"});
  expect_refused(400, "GET", path + "?cursor=none", "", {"cursor"});
}

TEST_F(ModelsApi, NamesAndAliasesAreUniqueTogether) {
  expect_status(201, "POST", "/models", R"({"model_name":"a","aliases":["b"],"api_base":"http://v"})");
  expect_status(409, "POST", "/models", R"({"model_name":"b","api_base":"http://v"})");
  expect_status(204, "DELETE", "/models/a");
  expect_status(201, "POST", "/models", R"({"model_name":"b","api_base":"http://v"})");
}

TEST_F(ModelsApi, CacheIsSetByItsOwnRoute) {
  expect_status(201, "POST", "/models", plain_model);
  const Json cached = expect_status(200, "PUT", "/models/llama/cache", R"({"cache_enabled":true,"cache_ttl_secs":60})");
  EXPECT_EQ(text_of(cached, "cache_enabled"), "true");
  EXPECT_EQ(text_of(cached, "cache_ttl_secs"), "60");
  EXPECT_EQ(text_of(cached, "context_window"), "32768");
  EXPECT_EQ(text_of(expect_status(200, "PUT", "/models/llama/cache", "{}"), "cache_enabled"), "false");
}

// ---- a model's test -------------------------------------------------------------------------------------------------

class ScriptedAnswer final : public ports::UpstreamAnswer {
 public:
  ScriptedAnswer(int status, std::string body) : body_(std::move(body)) { head_.status = status; }
  [[nodiscard]] const ResponseHead& head() const override { return head_; }
  Task<Result<std::string_view>> read() override {
    const std::string_view all = read_ ? std::string_view() : std::string_view(body_);
    read_ = true;
    co_return all;
  }
  [[nodiscard]] bool has_buffered() const override { return false; }

 private:
  ResponseHead head_;
  std::string body_;
  bool read_ = false;
};

class ScriptedUpstream final : public ports::Upstream {
 public:
  Task<Result<std::unique_ptr<ports::UpstreamAnswer>>> send(const ports::UpstreamCall& call) override {
    head = call.head;
    body = call.body.front();
    if (status == 0) co_return fail(upstream_fault(FaultKind::unreachable, "connection refused", true));
    std::unique_ptr<ports::UpstreamAnswer> answer = std::make_unique<ScriptedAnswer>(status, answer_body);
    co_return std::move(answer);
  }
  int status = 200;
  std::string answer_body = R"({"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":7,"total_tokens":12}})";
  std::string head;
  std::string body;
};

TEST_F(ModelsApi, TrialSendsOneRealRequestAndTellsWhatCameOfIt) {
  ScriptedUpstream scripted;
  upstream = &scripted;
  rebuild(true);
  expect_status(
      201, "POST", "/models",
      R"({"model_name":"m","upstream_model":"up","api_base":"http://v:81/v1","api_key":"k","upstream_headers":{"x-a":"1"}})");
  const Json result = expect_status(200, "POST", "/models/m/test", "");
  EXPECT_EQ(text_of(result, "status"), "200");
  EXPECT_EQ(text_of(result, "usage"), R"({"prompt_tokens":5,"completion_tokens":7})");
  EXPECT_EQ(text_of(result, "error"), "null");
  EXPECT_TRUE(scripted.head.starts_with("POST /v1/chat/completions HTTP/1.1\r\nHost: v:81\r\n")) << scripted.head;
  EXPECT_NE(scripted.head.find("Authorization: Bearer k\r\n"), std::string::npos);
  EXPECT_NE(scripted.head.find("x-a: 1\r\n"), std::string::npos);
  EXPECT_NE(scripted.head.find("Content-Length: " + std::to_string(scripted.body.size()) + "\r\n\r\n"),
            std::string::npos);
  EXPECT_EQ(scripted.body, R"({"model":"up","messages":[{"role":"user","content":"Say hello."}],"max_tokens":16})");
  scripted.status = 500;
  scripted.answer_body = "out of memory";
  EXPECT_EQ(text_of(expect_status(200, "POST", "/models/m/test", R"({"kind":"embeddings"})"), "error"),
            "out of memory");
  scripted.status = 0;
  const Json unreachable = expect_status(200, "POST", "/models/m/test", "{}");
  EXPECT_EQ(text_of(unreachable, "status"), "null");
  EXPECT_EQ(text_of(unreachable, "error"), "connection refused");
  expect_refused(400, "POST", "/models/m/test", R"({"kind":"x","max_tokens":0})", {"kind", "max_tokens"});
  upstream = nullptr;
  rebuild(true);
  expect_status(201, "POST", "/models", R"({"model_name":"m","api_base":"http://v"})");
  expect_status(503, "POST", "/models/m/test", "{}");
}

TEST_F(ModelsApi, TrialOfAnUpstreamThatDripsForEverEndsWithItsDeadline) {
  DrippingUpstream dripping(std::chrono::seconds(20));
  upstream = &dripping;
  rebuild(true);
  expect_status(201, "POST", "/models", R"({"model_name":"m","api_base":"http://v"})");
  mock::FakeLoop loop;
  MemoryExchange exchange({.method = "POST", .target = "/api/v1/models/m/test", .token = root_token, .body = "{}"});
  spawn(api->serve(exchange));
  while (!dripping.is_asked) {
    loop.run_posted();  // what the record's own thread found
    std::this_thread::yield();
  }
  loop.advance(std::chrono::seconds(119));
  EXPECT_FALSE(exchange.finished);
  loop.advance(std::chrono::seconds(1));
  ASSERT_TRUE(exchange.finished);
  const Json result = exchange.answered.json();
  EXPECT_EQ(text_of(result, "status"), "200");
  EXPECT_EQ(text_of(result, "error"), "It was not done after 120 seconds.");
}

// ---- MCP servers --------------------------------------------------------------------------------------------------

using McpServersApi = ApiTest;

TEST_F(McpServersApi, ServersAreKeptWithTheirAccessRules) {
  make_tenant("chat");
  expect_status(201, "POST", "/fairshare/groups", R"({"name":"batch"})");
  const Json made = expect_status(201, "POST", "/mcp-servers",
                                  R"({"name":"files","upstream_url":"http://mcp:3000/mcp","auth_header":"Bearer x",
          "access":[{"tenant":"chat","tools":["echo","get-*"]},{"group":"batch"}]})");
  EXPECT_EQ(text_of(made, "auth_header_set"), "true");
  EXPECT_EQ(
      text_of(made, "access"),
      R"([{"tenant":"chat","group":null,"tools":["echo","get-*"]},{"tenant":null,"group":"batch","tools":null}])");
  EXPECT_EQ(text_of(expect_status(200, "PUT", "/mcp-servers/files", to_text(made)), "auth_header_set"), "true");
  EXPECT_EQ(text_of(expect_status(200, "PATCH", "/mcp-servers/files", R"({"access":null})"), "access"), "null");
  expect_refused(409, "POST", "/mcp-servers", R"({"name":"files","upstream_url":"http://x"})", {"name"});
  expect_status(204, "DELETE", "/mcp-servers/files");
  expect_status(404, "GET", "/mcp-servers/files");
}

TEST_F(McpServersApi, ARuleGoesAlongWithARenameAndPassesToNobodyElse) {
  make_tenant("ren");
  expect_status(201, "POST", "/fairshare/groups", R"({"name":"g"})");
  const auto rules = [this] { return text_of(expect_status(200, "GET", "/mcp-servers/s"), "access"); };
  const std::string of_both =
      R"([{"tenant":"ren2","group":null,"tools":null},{"tenant":null,"group":"g2","tools":null}])";
  expect_status(201, "POST", "/mcp-servers",
                R"({"name":"s","upstream_url":"http://mcp","access":[{"tenant":"ren"},{"group":"g"}]})");
  expect_status(200, "PATCH", "/tenants/ren", R"({"name":"ren2"})");
  expect_status(200, "PATCH", "/fairshare/groups/g", R"({"name":"g2"})");
  make_tenant("ren");
  expect_status(201, "POST", "/fairshare/groups", R"({"name":"g"})");
  EXPECT_EQ(rules(), of_both);
  EXPECT_EQ(text_of(expect_status(200, "PATCH", "/mcp-servers/s", R"({"enabled":false})"), "access"), of_both);
  EXPECT_NE(call("GET", "/export").body.find(of_both), std::string::npos);
  expect_status(204, "DELETE", "/tenants/ren2");
  expect_status(204, "DELETE", "/fairshare/groups/g2");
  make_tenant("ren2");
  EXPECT_EQ(rules(), "[]");
  const Json whole = expect_status(200, "GET", "/mcp-servers/s");
  EXPECT_EQ(text_of(expect_status(200, "PUT", "/mcp-servers/s", to_text(whole)), "access"), "[]");
}

TEST_F(McpServersApi, ARuleThatNamesNobodyIsRefused) {
  const std::string rules = R"([{"tools":["x"]},{"tenant":"nope"},{"group":"none"}])";
  expect_refused(400, "POST", "/mcp-servers", R"({"name":"s","upstream_url":"http://mcp","access":)" + rules + "}",
                 {"access[1].tenant", "access[2].group"});
  expect_status(201, "POST", "/mcp-servers", R"({"name":"s","upstream_url":"http://mcp"})");
  expect_refused(400, "PATCH", "/mcp-servers/s", R"({"access":)" + rules + "}",
                 {"access[1].tenant", "access[2].group"});
}

TEST_F(McpServersApi, ARuleOfAFormerVersionKeepsItsNameUntilItCanBeBound) {
  McpServer server{.id = {{7, 7}}, .name = "s", .upstream_url = "http://mcp"};
  server.access = {{.tenant = "later"}};
  ASSERT_TRUE(store->commit({.writes = {ports::PutMcpServer{server, true}}, .audit = {}}).run_now());
  const std::string told = R"([{"tenant":"later","group":null,"tools":null}])";
  EXPECT_EQ(text_of(expect_status(200, "PATCH", "/mcp-servers/s", R"({"enabled":false})"), "access"), told);
  EXPECT_EQ(text_of(expect_status(200, "PUT", "/mcp-servers/s",
                                  R"({"name":"s","upstream_url":"http://mcp","access":)" + told + "}"),
                    "access"),
            told);
  make_tenant("later");
  expect_status(200, "PATCH", "/mcp-servers/s", R"({"enabled":true})");
  expect_status(200, "PATCH", "/tenants/later", R"({"name":"bound"})");
  EXPECT_EQ(text_of(expect_status(200, "GET", "/mcp-servers/s"), "access"),
            R"([{"tenant":"bound","group":null,"tools":null}])");
}

TEST_F(McpServersApi, EveryFaultIsToldAtOnceByItsField) {
  expect_refused(400, "POST", "/mcp-servers",
                 R"({"name":"Not OK","upstream_url":"mcp:3000","auth_header":"a\nb","enabled":1,"timeout_secs":0,
                     "access":[{"tenant":"a","group":"b"},{"tools":"x"}],"max_in_flight":0})",
                 {"name", "upstream_url", "auth_header", "enabled", "access[0].group", "access[1].tools",
                  "timeout_secs", "max_in_flight"});
  expect_refused(400, "POST", "/mcp-servers", R"({"name":"x","upstream_url":"http://169.254.1.1/"})", {"upstream_url"});
}

}  // namespace
}  // namespace obleth::admin
