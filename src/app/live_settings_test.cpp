#include "app/live_settings.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "app/options_table.hpp"

namespace obleth::app {
namespace {

Options started_with(std::vector<const char*> arguments, std::vector<const char*> environment = {}) {
  environment.push_back("OBLETH_ADMIN_TOKEN=0123456789abcdef");
  const Result<Options> read = read_options({.arguments = arguments, .environment = environment});
  EXPECT_TRUE(read) << read.error().message;
  return *read;
}

// "value from source"
std::string told(const LiveSettings& settings, std::string_view name) {
  const std::vector<admin::SettingRow> rows = settings.rows();
  const auto row = std::ranges::find(rows, name, &admin::SettingRow::name);
  return row == rows.end() ? "no setting" : row->value + " from " + row->source;
}

TEST(LiveSettings, EachTellsWhereItsValueCameFrom) {
  const LiveSettings settings(started_with({"--queue-max=16", "--trusted-proxies=10.0.0.0/8,fd00::1"},
                                           {"OBLETH_TENANT_QUEUE_MAX=256", "OBLETH_QUEUE_MAX=3"}));
  EXPECT_EQ(told(settings, "n_max"), "16 from default");
  EXPECT_EQ(told(settings, "queue_max"), "16 from flag");
  EXPECT_EQ(told(settings, "tenant_queue_max"), "256 from environment");
  EXPECT_EQ(told(settings, "trusted_proxies"), "10.0.0.0/8,fd00::1/128 from flag");
}

TEST(LiveSettings, OfASecretOnlyWhetherItIsSetIsTold) {
  const LiveSettings settings(
      started_with({}, {"OBLETH_API_KEY_PEPPER=planted", "OBLETH_API_KEY_PEPPER_FORMER=none",
                        "OBLETH_ENCRYPTION_KEY=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                        "OBLETH_DATABASE_URL=postgresql://gate:planted@database/obleth"}));
  for (const char* name : {"admin_token", "api_key_pepper", "encryption_key", "database_url"})
    EXPECT_EQ(told(settings, name), "*** from environment") << name;
  EXPECT_EQ(told(settings, "api_key_pepper_former"), "none from environment");
  EXPECT_EQ(told(settings, "encryption_key_former"), " from default");
}

TEST(LiveSettings, WhatTheRecordSaysWinsUntilItNoLongerSaysIt) {
  LiveSettings settings(started_with({"--log-level=warn"}));
  settings.follow_record({{"log_level", "debug"}, {"capacity", "5"}, {"listen", "127.0.0.1:1"}});
  EXPECT_EQ(settings.in_force().log_level, observe::LogLevel::debug);
  EXPECT_EQ(told(settings, "log_level"), "debug from api");
  EXPECT_EQ(told(settings, "listen"), "0.0.0.0:8080 from default");
  settings.follow_record({});
  EXPECT_EQ(settings.in_force().log_level, observe::LogLevel::warn);
  EXPECT_EQ(told(settings, "log_level"), "warn from flag");
}

TEST(LiveSettings, AStoredValueThatIsNotValidIsAsIfItWereNotThere) {
  LiveSettings settings(started_with({}));
  settings.follow_record({{"log_level", "loud"}});
  EXPECT_EQ(told(settings, "log_level"), "info from default");
}

TEST(LiveSettings, WhatIsReadAgainIsObeyedWhereTheRecordSaysNothing) {
  LiveSettings settings(started_with({}));
  settings.restart_with(started_with({"--log-level=error", "--listen=127.0.0.1:1"}));
  EXPECT_EQ(told(settings, "log_level"), "error from flag");
  EXPECT_EQ(told(settings, "listen"), "0.0.0.0:8080 from default");
  settings.follow_record({{"log_level", "debug"}});
  settings.restart_with(started_with({}));
  EXPECT_EQ(told(settings, "log_level"), "debug from api");
  settings.follow_record({});
  EXPECT_EQ(told(settings, "log_level"), "info from default");
}

TEST(LiveSettings, TheDefaultUpstreamIsAtNoAddressThatIsNeverConnectedTo) {
  LiveSettings settings(started_with({"--upstream-base-url=http://vllm:8000"}));
  for (const char* url : {"http://169.254.169.254/v1", "http://[fe80::1]", "http://[::ffff:169.254.169.254]",
                          "http://2852039166", "http://100.100.100.200", "http://[fd00:ec2::254]"}) {
    EXPECT_NE(settings.problem_of("upstream_base_url", url), std::nullopt) << url;
    settings.follow_record({{"upstream_base_url", url}});
    EXPECT_EQ(told(settings, "upstream_base_url"), "http://vllm:8000 from flag") << url;
  }
  EXPECT_EQ(settings.problem_of("upstream_base_url", "http://10.0.0.1"), std::nullopt);
  const LiveSettings blocking(started_with({"--block-private-networks"}));
  EXPECT_NE(blocking.problem_of("upstream_base_url", "http://10.0.0.1"), std::nullopt);
}

TEST(LiveSettings, OnlyThoseThatMayChangeTakeANewValueAndOnlyOneWithinBounds) {
  const LiveSettings settings(started_with({}));
  EXPECT_EQ(settings.problem_of("log_level", "debug"), std::nullopt);
  EXPECT_EQ(settings.problem_of("log_level", "loud"), "must be debug, info, warn or error");
  for (const char* name : {"listen", "tls_cert", "capacity"})
    EXPECT_EQ(settings.problem_of(name, "x"), "cannot be changed while the gateway runs") << name;
}

TEST(LiveSettings, EachThatMayChangeTellsWhatItTakes) {
  const admin::Json::Object schemas = live_setting_schemas();
  const auto told_of = [&schemas](const char* name) {
    const auto found = std::ranges::find(schemas, name, &admin::Json::Member::first);
    return found == schemas.end() ? "no setting" : to_text(found->second);
  };
  for (const Setting& setting : settings())
    EXPECT_EQ(told_of(std::string(setting.name).c_str()) != "no setting", setting.is_live) << setting.name;
  EXPECT_TRUE(told_of("n_max").contains(R"("type":["integer","string","null"],"minimum":1,"maximum":1024)"));
  EXPECT_TRUE(told_of("admission_timeout_secs").contains(R"("minimum":1,"maximum":3600)"));
  EXPECT_TRUE(told_of("brownout_wait_ms").contains(R"("minimum":1,"maximum":3600000)"));
  EXPECT_TRUE(told_of("passthrough").contains(R"("enum":["all","v1","off",null])"));
  EXPECT_TRUE(
      told_of("fail_open")
          .contains(R"("anyOf":[{"type":"boolean"},{"type":"string","enum":["true","false"]},{"type":"null"}])"));
}

}  // namespace
}  // namespace obleth::app
