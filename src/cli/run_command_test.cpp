#include "cli/run_command.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "base/temporary_folder_test.hpp"
#include "cli/canned_server.hpp"

namespace obleth::cli {
namespace {

// One run of the program, as a person sees it.
struct Ran {
  int code = 0;
  std::string out;
  std::string err;
};

class CommandLine : public testing::Test {
 protected:
  Ran run(std::vector<const char*> arguments) {
    std::istringstream in(typed_);
    std::ostringstream out;
    std::ostringstream err;
    const auto variable = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = variables_.find(name);
      return found == variables_.end() ? std::nullopt : std::optional(found->second);
    };
    const int code = run_command(arguments, {.in = in, .out = out, .err = err, .variable = variable, .version = "1.2"});
    return {code, out.str(), err.str()};
  }
  // The body of the n-th request.
  std::string body(std::size_t at) {
    const std::string& request = server_.asked().at(at);
    return request.substr(request.find("\r\n\r\n") + 4);
  }
  std::string first_line(std::size_t at) {
    const std::string& request = server_.asked().at(at);
    return request.substr(0, request.find(" HTTP/1.1"));
  }

  CannedServer server_;
  std::string typed_;
  std::map<std::string, std::string> variables_{{"OBLETH_ADMIN_URL", server_.url()},
                                                {"OBLETH_ADMIN_TOKEN", "a-token-of-16-characters"}};
};

constexpr const char* tenant_id = "11111111-2222-4333-8444-555555555555";
const std::string chatbot = R"({"id":"11111111-2222-4333-8444-555555555555","name":"chatbot","group":"default",)"
                            R"("weight":500,"status":"active","tokens_per_minute":null,"requests_per_minute":60,)"
                            R"("max_in_flight":null})";

TEST_F(CommandLine, AListIsATableForAPerson) {
  server_.answer_json("GET /api/v1/tenants?limit=500", R"({"data":[)" + chatbot + R"(],"next_cursor":null})");
  const Ran ran = run({"tenant", "list"});
  EXPECT_EQ(ran.code, exit_done) << ran.err;
  EXPECT_EQ(ran.out,
            "NAME     GROUP    WEIGHT  STATUS  TOKENS/MIN  REQUESTS/MIN  IN FLIGHT ≤  ID\n"
            "chatbot  default     500  active  -                     60  -            "
            "11111111-2222-4333-8444-555555555555\n");
  EXPECT_NE(server_.asked().at(0).find("Authorization: Bearer a-token-of-16-characters\r\n"), std::string::npos);
}

TEST_F(CommandLine, WhatTheGatewayWarnsOfIsToldBesideWhatWasDone) {
  server_.answer("PUT /api/v1/capacity",
                 "HTTP/1.1 200 OK\r\nWarning: 199 obleth \"Not \u009b2Jall know.\"\r\nContent-Length: 19\r\n\r\n"
                 R"({"max_in_flight":8})");
  const Ran ran = run({"capacity", "set", "8", "--json"});
  EXPECT_EQ(ran.code, exit_done);
  EXPECT_EQ(ran.out, "{\"max_in_flight\":8}\n");
  EXPECT_EQ(ran.err, "obleth: warning: Not \\u009b2Jall know.\n");
}

TEST_F(CommandLine, AListIsJsonForAProgramAndGoesOnToTheLastPage) {
  server_.answer_json("GET /api/v1/tenants?limit=500", R"({"data":[{"name":"a"}],"next_cursor":"x/y"})");
  server_.answer_json("GET /api/v1/tenants?limit=500&cursor=x%2Fy", R"({"data":[{"name":"b"}],"next_cursor":null})");
  const Ran ran = run({"tenant", "list", "--json"});
  EXPECT_EQ(ran.code, exit_done) << ran.err;
  EXPECT_EQ(ran.out, "[{\"name\":\"a\"},{\"name\":\"b\"}]\n");
}

TEST_F(CommandLine, CreateSendsOnlyTheFieldsThatWereGiven) {
  server_.answer_json("POST /api/v1/tenants", chatbot, "201 Created");
  const Ran ran = run({"tenant", "create", "chatbot", "--weight", "500", "--allowed-models", "a,b", "--budget",
                       R"({"period":"month","tokens":5})", "--max-in-flight", "none"});
  EXPECT_EQ(ran.code, exit_done) << ran.err;
  EXPECT_EQ(body(0), R"({"weight":500,"max_in_flight":null,"allowed_models":["a","b"],)"
                     R"("budget":{"period":"month","tokens":5},"name":"chatbot"})");
  EXPECT_NE(ran.out.find("weight               500\n"), std::string::npos) << ran.out;
}

TEST_F(CommandLine, SetFindsTheTenantByItsNameAndChangesWhatIsNamed) {
  server_.answer_json("GET /api/v1/tenants?limit=500&name=chatbot",
                      R"({"data":[{"id":"x","name":"chatbot-2"},)" + chatbot + R"(],"next_cursor":null})");
  server_.answer_json(std::string("PATCH /api/v1/tenants/") + tenant_id, chatbot);
  const Ran ran = run({"tenant", "set", "chatbot", "--weight=50"});
  EXPECT_EQ(ran.code, exit_done) << ran.err;
  EXPECT_EQ(body(1), R"({"weight":50})");
}

TEST_F(CommandLine, SetMayGiveAnotherNameAndCreateTakesOne) {
  server_.answer_json("GET /api/v1/models?limit=500&name=a",
                      R"({"data":[{"id":"m-1","model_name":"a"}],"next_cursor":null})");
  server_.answer_json("PATCH /api/v1/models/m-1", R"({"id":"m-1","model_name":"b"})");
  const Ran ran = run({"model", "set", "a", "--model-name=b", "--cache-scope=tenant"});
  EXPECT_EQ(ran.code, exit_done) << ran.err;
  EXPECT_EQ(body(1), R"({"cache_scope":"tenant","model_name":"b"})");
  EXPECT_EQ(run({"model", "create", "a", "--model-name=b"}).code, exit_misused);
}

TEST_F(CommandLine, ATrialThatCameToNothingExitsWithOne) {
  server_.answer_json("GET /api/v1/models?limit=500&name=dead",
                      R"({"data":[{"id":"m-1","model_name":"dead"}],"next_cursor":null})");
  server_.answer_json("POST /api/v1/models/m-1/test", R"({"status":null,"error":"nobody answers"})");
  const Ran dead = run({"model", "test", "dead"});
  EXPECT_EQ(dead.code, exit_refused);
  EXPECT_EQ(dead.out, "status  -\nerror   nobody answers\n");
  EXPECT_EQ(dead.err, "obleth: nobody answers\n");
  server_.answer_json("POST /api/v1/models/m-1/test", R"({"status":200,"error":null})");
  EXPECT_EQ(run({"model", "test", "dead"}).code, exit_done);
}

TEST_F(CommandLine, SettingsAreListedSetAndReset) {
  const std::string rows =
      R"({"data":[{"name":"n_max","value":"16","source":"default","changeable":true,"help":"how"},)"
      R"({"name":"dev","value":"true","source":"flag","changeable":false,"help":"to try it"}]})";
  server_.answer_json("GET /api/v1/settings", rows);
  server_.answer_json("PATCH /api/v1/settings", rows);
  EXPECT_EQ(run({"settings", "list"}).out,
            "NAME   VALUE  FROM     LIVE  WHAT IT IS FOR\n"
            "n_max  16     default  yes   how\n"
            "dev    true   flag     no    to try it\n");
  EXPECT_EQ(run({"settings", "set", "n_max", "16"}).out,
            "NAME   VALUE  FROM     LIVE  WHAT IT IS FOR\n"
            "n_max  16     default  yes   how\n");
  EXPECT_EQ(body(1), R"({"n_max":"16"})");
  EXPECT_EQ(run({"settings", "reset", "n_max"}).code, exit_done);
  EXPECT_EQ(body(2), R"({"n_max":null})");
}

TEST_F(CommandLine, ATokenThatWouldBreakTheHeadIsNotSent) {
  variables_["OBLETH_ADMIN_TOKEN"] = "a-token-of-16-characters\nX-Other: 1";
  const Ran ran = run({"status"});
  EXPECT_EQ(ran.code, exit_misused);
  EXPECT_EQ(ran.err, "obleth: the admin token holds a control character, such as a line break at its end\n");
  EXPECT_TRUE(server_.asked().empty());
}

TEST_F(CommandLine, AFolderIsNoDocumentToApply) {
  const Ran ran = run({"apply", "-f", "/"});
  EXPECT_EQ(ran.code, exit_misused);
  EXPECT_EQ(ran.err, "obleth: cannot read /\n");
  EXPECT_TRUE(server_.asked().empty());
}

TEST_F(CommandLine, ANewKeyShowsItsSecretOnceAndApart) {
  server_.answer_json("GET /api/v1/tenants?limit=500&name=chatbot", R"({"data":[)" + chatbot + R"(]})");
  server_.answer_json(std::string("POST /api/v1/tenants/") + tenant_id + "/keys",
                      R"({"key":{"id":"k-1","name":"laptop"},"secret":"sk_abc"})", "201 Created");
  const Ran ran = run({"key", "create", "chatbot", "laptop"});
  EXPECT_EQ(ran.code, exit_done) << ran.err;
  EXPECT_EQ(ran.out, "id    k-1\nname  laptop\n\nThe secret, which is shown only now:\nsk_abc\n");
}

TEST_F(CommandLine, ASecretIsReadFromStandardInput) {
  typed_ = "upstream-credential\n";
  server_.answer_json("POST /api/v1/models", "{}", "201 Created");
  const Ran ran = run({"model", "create", "llama", "--api-base=http://vllm:8000", "--api-key=-",
                       "--input-cost-per-token=0.000003", "--admission-weight=0.5"});
  EXPECT_EQ(ran.code, exit_done) << ran.err;
  EXPECT_EQ(body(0), R"({"api_base":"http://vllm:8000","api_key":"upstream-credential",)"
                     R"("input_cost_per_token":"0.000003","admission_weight":5E-1,"model_name":"llama"})");
}

TEST_F(CommandLine, ARefusalTellsEveryFieldAndExitsWithOne) {
  server_.answer_json("POST /api/v1/tenants",
                      R"({"error":{"message":"not valid","code":"invalid","details":[)"
                      R"({"field":"weight","problem":"must be 1 to 1000000"},{"field":"group","problem":"unknown"}]}})",
                      "400 Bad Request");
  const Ran ran = run({"tenant", "create", "chatbot", "--weight", "0"});
  EXPECT_EQ(ran.code, exit_refused);
  EXPECT_EQ(ran.err, "obleth: not valid\n  weight: must be 1 to 1000000\n  group: unknown\n");
  EXPECT_EQ(ran.out, "");
}

TEST_F(CommandLine, ARefusalHoldsNothingThatATerminalWouldObey) {
  server_.answer_json("POST /api/v1/tenants",
                      R"({"error":{"message":"no \u001b[2J","details":[{"field":"a\u009b","problem":"b"}]}})",
                      "400 Bad Request");
  EXPECT_EQ(run({"tenant", "create", "chatbot"}).err, "obleth: no \\u001b[2J\n  a\\u009b: b\n");
}

TEST_F(CommandLine, WhatDoesNotExistIsToldByName) {
  server_.answer_json("GET /api/v1/tenants?limit=500&name=nobody", R"({"data":[],"next_cursor":null})");
  const Ran ran = run({"tenant", "delete", "nobody"});
  EXPECT_EQ(ran.code, exit_refused);
  EXPECT_EQ(ran.err, "obleth: there is no tenant nobody\n");
}

TEST_F(CommandLine, TwoOfOneNameAskForTheId) {
  server_.answer_json("GET /api/v1/keys?limit=500&name=ci",
                      R"({"data":[{"id":"1","name":"ci"},{"id":"2","name":"ci"}],"next_cursor":null})");
  const Ran ran = run({"key", "delete", "ci"});
  EXPECT_EQ(ran.code, exit_refused);
  EXPECT_EQ(ran.err, "obleth: more than one key ci: give its id\n");
}

TEST_F(CommandLine, AGroupIsKnownByItsName) {
  server_.answer_json("PATCH /api/v1/fairshare/groups/night%20batch", R"({"name":"night batch","weight":3})");
  const Ran ran = run({"group", "set", "night batch", "--weight=3", "--max-in-flight=5"});
  EXPECT_EQ(ran.code, exit_done) << ran.err;
  EXPECT_EQ(body(0), R"({"weight":3,"max_in_flight":5})");
}

TEST_F(CommandLine, CapacityIsSet) {
  server_.answer_json("PUT /api/v1/capacity", R"({"max_in_flight":8})");
  const Ran ran = run({"capacity", "set", "8"});
  EXPECT_EQ(ran.code, exit_done) << ran.err;
  EXPECT_EQ(body(0), R"({"max_in_flight":8})");
  EXPECT_EQ(ran.out, "max_in_flight  8\n");
}

TEST_F(CommandLine, ApplySendsTheFileAsItIsAndADryRunSaysSo) {
  typed_ = "capacity: {max_in_flight: 8}\n";
  server_.answer_json("POST /api/v1/apply?dry_run=true",
                      R"({"dry_run":true,"changes":[{"action":"create","kind":"group","name":"night"}],"secrets":[]})");
  const Ran ran = run({"apply", "-f", "-", "--dry-run"});
  EXPECT_EQ(ran.code, exit_done) << ran.err;
  EXPECT_EQ(ran.out, "dry_run  yes\nsecrets  []\n\nchanges\naction  kind   name\ncreate  group  night\n");
  EXPECT_EQ(body(0), typed_);
  EXPECT_NE(server_.asked().at(0).find("Content-Type: application/yaml\r\n"), std::string::npos);
}

TEST_F(CommandLine, ARefusalThatComesBeforeTheFileHasLeftIsTold) {
  typed_ = std::string(std::size_t{32} << 20U, '#');
  server_.answer_head_with_json("POST /api/v1/apply", R"({"error":{"message":"too large"}})", "413 Content Too Large");
  const Ran ran = run({"apply", "-f", "-"});
  EXPECT_EQ(ran.code, exit_refused);
  EXPECT_EQ(ran.err, "obleth: too large\n");
}

TEST_F(CommandLine, AnAnswerInChunksIsReadWhole) {
  server_.answer("GET /api/v1/export?format=yaml",
                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\ngroups:\r\n4\r\n []\n\r\n0\r\n\r\n");
  const Ran ran = run({"export"});
  EXPECT_EQ(ran.code, exit_done) << ran.err;
  EXPECT_EQ(ran.out, "groups: []\n");
}

TEST_F(CommandLine, AnExportIsPassedOnAsItComesAndOneThatBreaksOffIsAFault) {
  const std::string begin = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\na,b\r\n\r\n5\r\n1,2\r\n";
  server_.answer("GET /api/v1/usage/export.csv?tenant=chatbot", begin + "\r\n0\r\n\r\n");
  const Ran whole = run({"usage", "export", "--tenant=chatbot"});
  EXPECT_EQ(whole.code, exit_done) << whole.err;
  EXPECT_EQ(whole.out, "a,b\r\n1,2\r\n");
  server_.answer("GET /api/v1/usage/export.csv", begin);
  const Ran cut = run({"usage", "export"});
  EXPECT_EQ(cut.code, exit_unreachable);
  EXPECT_EQ(cut.out, "a,b\r\n1,2\r\n");
  EXPECT_EQ(cut.err, "obleth: the Management API's answer makes no sense: it was cut\n");
}

TEST_F(CommandLine, AnExportThatIsRefusedSaysWhy) {
  server_.answer_json("GET /api/v1/usage/export.csv", R"({"error":{"message":"no ledger here"}})", "503 Unavailable");
  const Ran ran = run({"usage", "export"});
  EXPECT_EQ(ran.code, exit_refused);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.err, "obleth: no ledger here\n");
}

TEST_F(CommandLine, ACutAnswerIsNoAnswer) {
  server_.answer("GET /api/v1/status", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}");
  const Ran ran = run({"status"});
  EXPECT_EQ(ran.code, exit_unreachable);
  EXPECT_EQ(ran.err, "obleth: the Management API's answer makes no sense: it was cut\n");
}

TEST_F(CommandLine, AServerThatIsNotThereExitsWithThree) {
  const Ran ran = run({"--url", "http://127.0.0.1:1", "status"});
  EXPECT_EQ(ran.code, exit_unreachable);
  EXPECT_EQ(ran.err, "obleth: cannot reach 127.0.0.1:1: Connection refused\n");
}

TEST_F(CommandLine, MisuseExitsWithTwoAndSaysHow) {
  EXPECT_EQ(run({"tenant"}).code, exit_misused);
  EXPECT_EQ(run({"tenant", "create"}).code, exit_misused);
  EXPECT_EQ(run({"tenant", "create", "a", "--wait=1"}).code, exit_misused);
  const Ran number = run({"tenant", "create", "a", "--weight=much"});
  EXPECT_EQ(number.code, exit_misused);
  EXPECT_EQ(number.err, "obleth: --weight must be a whole number, or none\n");
  EXPECT_EQ(run({"tenant", "set", "a"}).code, exit_misused);
  EXPECT_TRUE(server_.asked().empty());
}

TEST_F(CommandLine, ANumberOfRowsOrSlotsIsNotNegative) {
  for (const std::vector<const char*>& words :
       std::vector<std::vector<const char*>>{{"tenant", "list", "--limit", "-1"},
                                             {"usage", "requests", "--limit=-1"},
                                             {"audit", "list", "--limit", "-1"},
                                             {"key", "rotate", "a", "--grace-secs", "-1"},
                                             {"capacity", "set", "-1"}}) {
    const Ran ran = run(words);
    EXPECT_EQ(ran.code, exit_misused) << words[0];
    EXPECT_NE(ran.err.find("must not be negative"), std::string::npos) << ran.err;
  }
  EXPECT_TRUE(server_.asked().empty());
}

TEST_F(CommandLine, EveryHelpPageTellsWhereTheGatewayIs) {
  for (const std::vector<const char*>& words : std::vector<std::vector<const char*>>{
           {"tenant", "--help"}, {"tenant", "list", "--help"}, {"usage", "--help"}, {"export", "--help"}}) {
    const std::string help = run(words).out;
    for (const char* word : {"--url", "OBLETH_ADMIN_URL", "--token", "config.toml", "--json"})
      EXPECT_NE(help.find(word), std::string::npos) << word << "\n" << help;
  }
  EXPECT_NE(client_commands_help().find("--url"), std::string_view::npos);
}

TEST_F(CommandLine, HelpIsNoFault) {
  const Ran ran = run({"tenant", "create", "--help"});
  EXPECT_EQ(ran.code, exit_done);
  EXPECT_NE(ran.out.find("--tokens-per-minute"), std::string::npos);
}

TEST_F(CommandLine, WithoutATokenNothingIsAsked) {
  variables_.erase("OBLETH_ADMIN_TOKEN");
  variables_["HOME"] = "/nowhere";
  const Ran ran = run({"status"});
  EXPECT_EQ(ran.code, exit_misused);
  EXPECT_EQ(ran.err,
            "obleth: no admin token: set OBLETH_ADMIN_TOKEN, or admin_token in /nowhere/.config/obleth/config.toml, or "
            "give --token\n");
  EXPECT_TRUE(server_.asked().empty());
}

TEST_F(CommandLine, AHomeThatCannotBeLookedIntoHoldsNoFile) {
  const TemporaryFolder folder;
  std::filesystem::create_symlink("home", folder.path() / "home");  // leads to itself
  variables_.erase("OBLETH_ADMIN_TOKEN");
  variables_["HOME"] = folder.file("home");
  const Ran ran = run({"status"});
  EXPECT_EQ(ran.code, exit_misused);
  EXPECT_TRUE(ran.err.starts_with("obleth: no admin token: ")) << ran.err;
}

TEST_F(CommandLine, AddressAndTokenMayStandInTheFileOfThePerson) {
  const auto home = std::filesystem::path(testing::TempDir()) / ("obleth-cli-" + std::to_string(getpid()));
  std::filesystem::create_directories(home / ".config/obleth");
  std::ofstream(home / ".config/obleth/config.toml")
      << "admin_url = \"" << server_.url() << "\"\nadmin_token = \"of-the-file\"\n";
  server_.answer_json("GET /api/v1/status", "{}");
  variables_ = {{"HOME", home.string()}};
  const Ran ran = run({"status"});
  std::filesystem::remove_all(home);
  EXPECT_EQ(ran.code, exit_done) << ran.err;
  EXPECT_NE(server_.asked().at(0).find("Authorization: Bearer of-the-file\r\n"), std::string::npos);
}

TEST_F(CommandLine, ExplainTellsOnOneScreenWhyARequestWaited) {
  server_.answer_json(
      "GET /api/v1/fairshare/explain/my%20id",
      R"({"request_id":"0a1b","tenant":"batch","group":"night","model":"llama","weight":50,)"
      R"("arrived_at":"2026-11-01T00:00:00Z","dispatched_at":"2026-11-01T00:00:04.2Z","queue_ms":4200,)"
      R"("waited_for":"slot","position_at_arrival":3,"cost_millitokens":812000,"is_over":true,"key":120,)"
      R"("virtual_time":100,"ahead_millitokens":9000,"age_guard":false,)"
      R"("brownout":{"max_tokens":256,"requested":1024,"reason":"saturation"},)"
      R"("served_meanwhile":{"requests":12,"cost_millitokens":4000000,"own_requests":3,)"
      R"("own_cost_millitokens":1000000,"top":[{"tenant":"chat","weight":500,"requests":9,)"
      R"("cost_millitokens":3000000,"cost_ratio":0.75}],"complete":true},)"
      R"("summary":"It waited 4.2 s because, when it came, every slot was taken. Then it went, as such requests do."})");
  const Ran ran = run({"explain", "my id"});
  EXPECT_EQ(ran.code, exit_done) << ran.err;
  EXPECT_EQ(ran.out,
            "Request 0a1b\n\n"
            "It waited 4.2 s because, when it came, every slot was taken. Then it went, as\n"
            "such requests do.\n\n"
            "  tenant       batch, weight 50, group night\n"
            "  model        llama\n"
            "  arrived      2026-11-01T00:00:00Z\n"
            "  went         2026-11-01T00:00:04.2Z, after 4200 ms\n"
            "  position     3 of its own tenant ahead of it\n"
            "  cost         812 tokens\n"
            "  key          120, virtual time 100\n"
            "  lead         9 tokens ahead, what it ran counted in\n"
            "  age guard    no\n"
            "  brownout     at most 256 tokens instead of 1024 (saturation)\n\n"
            "Who went meanwhile: 12 requests\n"
            "TENANT     WEIGHT  REQUESTS  TOKENS  % OF COST\n"
            "(its own)      50         3    1000         25\n"
            "chat          500         9    3000         75\n");
}

TEST_F(CommandLine, ExplainIsJsonForAProgramAndSaysWhatItCannotFind) {
  server_.answer_json("GET /api/v1/fairshare/explain/0a1b", R"({"request_id":"0a1b"})");
  EXPECT_EQ(run({"explain", "0a1b", "--json"}).out, "{\"request_id\":\"0a1b\"}\n");
  server_.answer_json("GET /api/v1/fairshare/explain/gone",
                      R"({"error":{"message":"it is older","code":"not_found","details":[]}})", "404 Not Found");
  const Ran gone = run({"explain", "gone"});
  EXPECT_EQ(gone.code, exit_refused);
  EXPECT_EQ(gone.err, "obleth: it is older\n");
}

TEST_F(CommandLine, VersionNeedsNoGateway) {
  variables_.clear();
  const Ran ran = run({"version"});
  EXPECT_EQ(ran.code, exit_done);
  EXPECT_EQ(ran.out, "obleth 1.2\n");
  EXPECT_EQ(run({"version", "--json"}).out, "{\"version\":\"1.2\"}\n");
}

TEST(ClientCommand, TheServersOwnVerbsAreNotAmongThem) {
  EXPECT_TRUE(is_client_command("tenant"));
  EXPECT_TRUE(is_client_command("apply"));
  EXPECT_TRUE(is_client_command("--json"));
  EXPECT_TRUE(is_client_command("--url=http://here"));
  EXPECT_FALSE(is_client_command("serve"));
  EXPECT_FALSE(is_client_command("demo"));
  EXPECT_FALSE(is_client_command("--listen"));
}

}  // namespace
}  // namespace obleth::cli
