#include "app/options.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/options_table.hpp"

namespace obleth::app {
namespace {

// The texts of one start: a token is always there, so that a test says only what it is about.
struct Start {
  std::vector<const char*> arguments;
  std::vector<const char*> environment = {"OBLETH_ADMIN_TOKEN=0123456789abcdef", "HOME=/root"};

  [[nodiscard]] Result<Options> read() const {
    return read_options({.arguments = arguments, .environment = environment});
  }
  [[nodiscard]] std::string refusal() const {
    const Result<Options> options = read();
    return options ? "accepted" : options.error().message;
  }
};

class ConfigFile {
 public:
  explicit ConfigFile(std::string_view text) {
    static int made = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("obleth-options-" + std::to_string(getpid()) + "-" + std::to_string(made++));
    std::ofstream(path_) << text;
    flag_ = "--config=" + path_.string();
  }
  ~ConfigFile() { std::filesystem::remove(path_); }
  ConfigFile(const ConfigFile&) = delete;
  ConfigFile& operator=(const ConfigFile&) = delete;
  [[nodiscard]] const char* flag() const { return flag_.c_str(); }
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
  std::string flag_;
};

TEST(Options, DefaultsAreThoseOfTheReference) {
  const auto options = Start{}.read();
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->listen.text(), "0.0.0.0:8080");
  EXPECT_EQ(options->admin_listen.text(), "0.0.0.0:9090");
  EXPECT_EQ(options->metrics_listen.text(), "0.0.0.0:9091");
  EXPECT_EQ(options->global_max_in_flight, 256U);
  EXPECT_EQ(options->body_max, 67'108'864U);
  EXPECT_EQ(options->body_memory_max, 1ULL << 30);
  EXPECT_EQ(options->cache_max, 256ULL << 20);
  EXPECT_EQ(options->cache_capture_max, 64ULL << 20);
  EXPECT_EQ(options->cache_redis_max, 256ULL << 20);
  EXPECT_EQ(options->admission_timeout_secs, std::chrono::seconds(60));
  EXPECT_EQ(options->brownout_wait_ms, std::chrono::milliseconds(5000));
  EXPECT_EQ(options->drain_notice, std::chrono::seconds(5));
  EXPECT_EQ(options->shutdown_grace, std::chrono::seconds(300));
  EXPECT_EQ(options->key_stale_max, std::chrono::hours(24));
  EXPECT_EQ(options->passthrough, gateway::PassThrough::all);
}

TEST(Options, AFlagWinsOverAVariableAndThatOverTheFile) {
  const ConfigFile file("n_max = 2\nqueue_max = 2\nthreads = 2\n");
  Start start;
  start.arguments = {file.flag(), "--n-max", "4"};
  start.environment.insert(start.environment.end(), {"OBLETH_N_MAX=3", "OBLETH_QUEUE_MAX=3"});
  const auto options = start.read();
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->n_max, 4U);
  EXPECT_EQ(options->queue_max, 3U);
  EXPECT_EQ(options->threads, 2U);
}

TEST(Options, EveryTypeIsReadFromItsText) {
  const ConfigFile file("cors_origins = [\"https://a.example\", \"https://b.example\"]\n");
  Start start;
  start.arguments = {file.flag(),
                     "--body-max=1MiB",
                     "--drain-notice=250ms",
                     "--shutdown-grace",
                     "7",
                     "--brownout-wait-ms=1500",
                     "--passthrough",
                     "v1",
                     "--upstream-base-url=https://api.example.com/v1",
                     "--allowed-cidrs=10.0.0.0/8, fd00::/8",
                     "--block-private-networks",
                     "--log-level=warn",
                     "--listen=[::1]:0"};
  const auto options = start.read();
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->body_max, 1U << 20);
  EXPECT_EQ(options->drain_notice, std::chrono::milliseconds(250));
  EXPECT_EQ(options->shutdown_grace, std::chrono::seconds(7));
  EXPECT_EQ(options->brownout_wait_ms, std::chrono::milliseconds(1500));
  EXPECT_EQ(options->passthrough, gateway::PassThrough::v1);
  EXPECT_EQ(options->upstream_base_url->host, "api.example.com");
  EXPECT_EQ(options->allowed_cidrs.size(), 2U);
  EXPECT_TRUE(options->block_private_networks);
  EXPECT_EQ(options->log_level, observe::LogLevel::warn);
  EXPECT_EQ(options->listen.text(), "[::1]:0");
  EXPECT_EQ(options->cors_origins, (std::vector<std::string>{"https://a.example", "https://b.example"}));
}

TEST(Options, AValueThatDoesNotParseStopsTheStartAndIsNamed) {
  const auto refusal_of = [](const char* variable) {
    Start start;
    start.environment.push_back(variable);
    return start.refusal();
  };
  EXPECT_EQ(refusal_of("OBLETH_THREADS=many"), "OBLETH_THREADS is 'many', but must be a whole number, 0 to 256");
  EXPECT_EQ(refusal_of("OBLETH_GLOBAL_MAX_IN_FLIGHT=0"),
            "OBLETH_GLOBAL_MAX_IN_FLIGHT is '0', but must be a whole number, 1 to 1000000");
  EXPECT_EQ(refusal_of("OBLETH_GLOBAL_MAX_IN_FLIGHT=-1"),
            "OBLETH_GLOBAL_MAX_IN_FLIGHT is '-1', but must be a whole number, 1 to 1000000");
  EXPECT_EQ(
      refusal_of("OBLETH_BODY_MAX=99999999999999999999"),
      "OBLETH_BODY_MAX is '99999999999999999999', but must be a number of bytes such as 65536 or 64MiB, 1B to 16GiB");
  EXPECT_EQ(refusal_of("OBLETH_IDLE_TIMEOUT=1day"),
            "OBLETH_IDLE_TIMEOUT is '1day', but must be a time such as 250ms, 5s or 24h, 100ms to 1h");
  EXPECT_EQ(refusal_of("OBLETH_PASSTHROUGH=some"), "OBLETH_PASSTHROUGH is 'some', but must be all, v1 or off");
  EXPECT_EQ(refusal_of("OBLETH_LISTEN=8080"),
            "OBLETH_LISTEN is '8080', but must be an address with a port, such as 127.0.0.1:8080 or [::]:8080");
  EXPECT_EQ(refusal_of("OBLETH_DEV=yes"), "OBLETH_DEV is 'yes', but must be true or false");
  EXPECT_TRUE(refusal_of("OBLETH_ALLOWED_CIDRS=10.0.0.0/8,here").ends_with("this is none: here"));
}

TEST(Options, ACommandThatOpensFilesOnlyNeedsNoAdminToken) {
  Start start;
  start.environment = {"HOME=/root"};
  EXPECT_TRUE(start.refusal().starts_with("OBLETH_ADMIN_TOKEN must be set"));
  EXPECT_TRUE(read_options({.arguments = {}, .environment = start.environment, .opens_api = false}));
}

TEST(Options, AFolderIsNoConfigurationFile) {
  const std::string flag = "--config=" + std::filesystem::temp_directory_path().string();
  Start start;
  start.arguments = {flag.c_str()};
  EXPECT_TRUE(start.refusal().starts_with("cannot read the configuration file ")) << start.refusal();
}

TEST(Options, TheItemsOfAListAreReadByWhatTheyAre) {
  const auto read = [](const char* argument) {
    Start start;
    start.arguments = {argument};
    return start.read();
  };
  EXPECT_EQ(read("--cors-origins=https://A.example/, http://b:8080,https://c:443,tauri://localhost,*")->cors_origins,
            (std::vector<std::string>{"https://a.example", "http://b:8080", "https://c", "tauri://localhost", "*"}));
  EXPECT_EQ(read("--passthrough-allow=/v1/load_lora_adapter")->passthrough_allow.size(), 1U);
  EXPECT_EQ(read("--strip-headers=X-Internal,cookie")->strip_headers.size(), 2U);
  for (const char* refused :
       {"--cors-origins=nonsense", "--cors-origins=https://a.example/path", "--cors-origins=https://a.example//",
        "--cors-origins=https://*.example", "--cors-origins=://a", "--cors-origins=https://", "--strip-headers=x a, ü",
        "--strip-headers=x-a\r\ny", "--passthrough-allow=no-slash", "--passthrough-allow=/a?b"}) {
    const auto options = read(refused);
    ASSERT_FALSE(options) << refused;
    EXPECT_TRUE(options.error().message.contains("; this is none: ")) << options.error().message;
  }
}

TEST(Options, TheDefaultUpstreamIsAtNoAddressThatIsNeverConnectedTo) {
  const auto refusal_of = [](std::vector<const char*> arguments) {
    Start start;
    start.arguments = std::move(arguments);
    return start.refusal();
  };
  EXPECT_TRUE(refusal_of({"--upstream-base-url=http://169.254.169.254/v1"})
                  .starts_with("OBLETH_UPSTREAM_BASE_URL must not be an address that the gateway never connects to"));
  EXPECT_TRUE(refusal_of({"--upstream-base-url=http://2852039166"}).contains("in its usual form"));
  EXPECT_EQ(refusal_of({"--upstream-base-url=http://10.0.0.1"}), "accepted");
  EXPECT_NE(refusal_of({"--upstream-base-url=http://10.0.0.1", "--block-private-networks"}), "accepted");
  EXPECT_EQ(
      refusal_of({"--upstream-base-url=http://10.0.0.1", "--block-private-networks", "--allowed-cidrs=10.0.0.0/8"}),
      "accepted");
}

TEST(Options, AUrlThatIsRefusedIsNotShownForItMayHoldAPassword) {
  for (const char* variable : {"OBLETH_CLICKHOUSE_URL=http://obleth:hunter2@ch.internal:8123",
                               "OBLETH_UPSTREAM_BASE_URL=http://vllm:8000/?password=hunter2"}) {
    Start start;
    start.environment.push_back(variable);
    EXPECT_EQ(start.refusal().find("hunter2"), std::string::npos) << start.refusal();
    EXPECT_TRUE(start.refusal().starts_with("OBLETH_"));
  }
  Start user;
  user.environment.push_back("OBLETH_CLICKHOUSE_URL=http://obleth:hunter2@ch.internal:8123");
  EXPECT_NE(user.refusal().find("may not hold a user or a password"), std::string::npos) << user.refusal();
}

TEST(Options, AVariableOrFlagThatDoesNotExistStopsTheStartAndTheNearestIsTold) {
  Start variable;
  variable.environment.push_back("OBLETH_GLOBAL_MAX_INFLIGHT=8");
  EXPECT_EQ(variable.refusal(), "OBLETH_GLOBAL_MAX_INFLIGHT is no setting; did you mean OBLETH_GLOBAL_MAX_IN_FLIGHT?");
  Start far;
  far.environment.push_back("OBLETH_SOMETHING_ELSE_ALTOGETHER=8");
  EXPECT_EQ(far.refusal(), "OBLETH_SOMETHING_ELSE_ALTOGETHER is no setting");
  Start flag;
  flag.arguments = {"--listn=127.0.0.1:1"};
  EXPECT_EQ(flag.refusal(), "--listn is no flag; did you mean --listen?");
  Start word;
  word.arguments = {"listen"};
  EXPECT_EQ(word.refusal(), "'listen' is not a flag");
  Start bare;
  bare.arguments = {"--listen"};
  EXPECT_EQ(bare.refusal(), "--listen needs a value");
}

TEST(Options, WhatKubernetesInjectsIsIgnored) {
  Start start;
  for (const char* injected :
       {"OBLETH_PORT=tcp://10.0.0.1:8080", "OBLETH_PORT_8080_TCP_ADDR=10.0.0.1", "OBLETH_SERVICE_HOST=10.0.0.1",
        "OBLETH_ADMIN_URL=http://127.0.0.1:9090", "OBLETH_N_MAX=", "OBLETHX=1"}) {
    start.environment.push_back(injected);
  }
  const auto options = start.read();
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->n_max, 16U);
}

TEST(Options, AFaultInTheFileNamesFileAndLine) {
  const ConfigFile unknown("n_max = 2\n\nlisen = \"127.0.0.1:1\"\n");
  Start start;
  start.arguments = {unknown.flag()};
  EXPECT_EQ(start.refusal(), unknown.path() + ", line 3: lisen is no setting; did you mean listen?");
  const ConfigFile broken("n_max 2\n");
  start.arguments = {broken.flag()};
  EXPECT_EQ(start.refusal(), broken.path() + ", line 1: expected = after n_max");
  start.arguments = {"--config", "/nowhere/obleth.toml"};
  EXPECT_EQ(start.refusal(), "cannot read the configuration file /nowhere/obleth.toml");
}

TEST(Options, TheFileMayBeNamedByAVariable) {
  const ConfigFile file("n_max = 5\n");
  const std::string variable = "OBLETH_CONFIG=" + file.path();
  Start start;
  start.environment.push_back(variable.c_str());
  const auto options = start.read();
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->n_max, 5U);
}

TEST(Options, DevListensOnLoopbackUnlessToldOtherwiseAndNeedsNoToken) {
  Start start;
  start.environment = {"OBLETH_METRICS_LISTEN=0.0.0.0:9191"};
  start.arguments = {"--dev"};
  const auto options = start.read();
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->listen.text(), "127.0.0.1:8080");
  EXPECT_EQ(options->admin_listen.text(), "127.0.0.1:9090");
  EXPECT_EQ(options->metrics_listen.text(), "0.0.0.0:9191");
  EXPECT_TRUE(options->admin_token.empty());
}

TEST(Options, TheAdminTokenIsRequiredAndLongEnough) {
  Start none;
  none.environment = {};
  EXPECT_EQ(none.refusal(), "OBLETH_ADMIN_TOKEN must be set: it opens the Management API (--dev makes one)");
  Start short_one;
  short_one.environment = {"OBLETH_ADMIN_TOKEN=0123456789abcde"};
  EXPECT_EQ(short_one.refusal(), "OBLETH_ADMIN_TOKEN must have at least 16 characters");
}

TEST(Options, ASecretIsInNoMessage) {
  Start start;
  start.environment.push_back("OBLETH_ENCRYPTION_KEY=planted-secret");
  EXPECT_EQ(start.refusal(), "OBLETH_ENCRYPTION_KEY must be 32 bytes, as base64 or as 64 hex digits");
}

TEST(Options, AnEncryptionKeyIsHexOrBase64) {
  for (const std::string& key : {std::string(64, 'a'), std::string(43, 'A') + "="}) {
    const std::string variable = "OBLETH_ENCRYPTION_KEY=" + key;
    Start start;
    start.environment.push_back(variable.c_str());
    EXPECT_EQ(start.refusal(), "accepted") << key;
  }
}

TEST(Options, ThatThereWasNoPepperIsSaidExpressly) {
  const auto unsaid = Start{}.read();
  ASSERT_TRUE(unsaid) << unsaid.error().message;
  EXPECT_FALSE(unsaid->api_key_pepper_former);
  Start start;
  start.environment.insert(start.environment.end(),
                           {"OBLETH_API_KEY_PEPPER=salt", "OBLETH_API_KEY_PEPPER_FORMER=none"});
  const auto said = start.read();
  ASSERT_TRUE(said) << said.error().message;
  EXPECT_EQ(said->api_key_pepper, Secret("salt"));
  EXPECT_EQ(said->api_key_pepper_former, Secret());
}

TEST(Options, SettingsThatNeedEachOtherAreCheckedTogether) {
  Start tls;
  tls.arguments = {"--tls-cert=/etc/obleth/cert.pem"};
  EXPECT_EQ(tls.refusal(), "OBLETH_TLS_CERT and OBLETH_TLS_KEY must be set together");
  Start store;
  // SQLite would keep all but the first nowhere.
  for (const char* url : {"mysql://db/obleth", "sqlite:", "sqlite::memory:", "sqlite:file:record?mode=memory"}) {
    const std::string flag = "--database-url=" + std::string(url);
    store.arguments = {flag.c_str()};
    EXPECT_EQ(store.refusal(),
              "OBLETH_DATABASE_URL must be sqlite:PATH of a file, or postgresql://user:password@host/database");
  }
  for (const char* port : {"many", "99999"}) {
    const std::string flag = "--database-url=postgres://user:planted@db:" + std::string(port) + "/obleth";
    store.arguments = {flag.c_str()};
    EXPECT_EQ(store.refusal(),
              "OBLETH_DATABASE_URL must be a URL that PostgreSQL understands, such as "
              "postgresql://user:password@host/name");
  }
}

TEST(Options, EverySettingReadsItsOwnDefaultBack) {
  for (const Setting& setting : settings()) {
    Options options;
    const std::string shown = setting.show(options);
    if (shown.empty()) continue;
    EXPECT_TRUE(setting.read(shown, setting.rule, options)) << setting.name << " = " << shown;
    EXPECT_EQ(setting.show(options), shown) << setting.name;
  }
}

TEST(Options, HelpNamesEverySetting) {
  const std::string help = options_help();
  for (const Setting& setting : settings())
    EXPECT_NE(help.find(setting.flag() + " "), std::string::npos) << setting.name;
}

TEST(Options, TheReferenceInTheDocsIsTheTable) {
  const auto page = std::filesystem::path(__FILE__).parent_path() / "../../docs/settings.md";
  std::stringstream text;
  text << std::ifstream(page).rdbuf();
  EXPECT_EQ(text.str(), settings_reference()) << "write it anew: obleth settings > docs/settings.md";
}

TEST(Options, AnAddressOfRedisIsReadAndItsPasswordIsNeverShown) {
  const auto options = Start{.arguments = {"--redis-url=redis://gate:hush@cache:7000/2"}}.read();
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->redis_url->text(), "redis://cache:7000/2");
  EXPECT_EQ(find_setting("redis_url")->show(*options), "redis://cache:7000/2");
  const std::string refusal = Start{.arguments = {"--redis-url=redis://gate:hush@"}}.refusal();
  EXPECT_NE(refusal.find("redis://"), std::string::npos) << refusal;
  EXPECT_EQ(refusal.find("hush"), std::string::npos) << refusal;
}

TEST(Options, SentinelsNeedTheNameOfTheirMaster) {
  EXPECT_NE(Start{.arguments = {"--redis-sentinels=a,b:1"}}.refusal().find("OBLETH_REDIS_URL"), std::string::npos);
  const auto options = Start{.arguments = {"--redis-sentinels=a,b:1", "--redis-url=redis://mymaster"}}.read();
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(find_setting("redis_sentinels")->show(*options), "a:26379,b:1");
}

}  // namespace
}  // namespace obleth::app
