#include "observe/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "observe/metrics_page.hpp"

namespace obleth::observe {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

UsageRecord finished_request() {
  UsageRecord record;
  record.tenant = "acme";
  record.model = "llama";
  record.route = "/v1/chat/completions";
  record.status = 200;
  record.admission = AdmissionOutcome::queued;
  record.tokens = {{1000}, {400}, {200}, {50}};
  record.fair_estimate = {100};
  record.hold_estimate = {400};
  record.queue_ms = 120;
  record.ttft_ms = 250;
  record.total_ms = 1500;
  record.overhead_us = 7;
  record.gpu_ms = 1380;
  record.cost = {1'234'567'891};
  return record;
}

std::string text_of(const Metrics& metrics) {
  return metrics.render(Exposition::prometheus);
}

std::size_t sample_lines(const std::string& text) {
  std::size_t lines = 0;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);)
    lines += line.starts_with('#') ? 0 : 1;
  return lines;
}

TEST(Metrics, ARequestFeedsEveryCounterOfItsRow) {
  Metrics metrics({"1.0", "abc"});
  metrics.count_request(finished_request());
  metrics.count_request(finished_request());
  const std::string text = text_of(metrics);
  for (const char* line : {
           "obleth_requests_total{model=\"llama\",route=\"/v1/chat/completions\",status_class=\"2xx\","
           "admission=\"queued\"} 2\n",
           "obleth_tenant_requests_total{tenant=\"acme\",status_class=\"2xx\"} 2\n",
           "obleth_tokens_total{model=\"llama\",type=\"input\"} 2000\n",
           "obleth_tokens_total{model=\"llama\",type=\"cached_input\"} 800\n",
           "obleth_tenant_tokens_total{tenant=\"acme\",type=\"output\"} 400\n",
           "obleth_tenant_tokens_total{tenant=\"acme\",type=\"reasoning\"} 100\n",
           "obleth_cost_dollars_total{tenant=\"acme\"} 2.469135782\n",
           "obleth_gpu_seconds_total{tenant=\"acme\"} 2.76\n",
           "obleth_request_duration_seconds_bucket{model=\"llama\",admission=\"queued\",le=\"1.0\"} 0\n",
           "obleth_request_duration_seconds_bucket{model=\"llama\",admission=\"queued\",le=\"2.5\"} 2\n",
           "obleth_request_duration_seconds_bucket{model=\"llama\",admission=\"queued\",le=\"+Inf\"} 2\n",
           "obleth_request_duration_seconds_sum{model=\"llama\",admission=\"queued\"} 3\n",
           "obleth_request_duration_seconds_count{model=\"llama\",admission=\"queued\"} 2\n",
           "obleth_time_to_first_token_seconds_sum{model=\"llama\",admission=\"queued\"} 0.5\n",
           "obleth_queue_wait_seconds_sum{model=\"llama\",admission=\"queued\"} 0.24\n",
           "obleth_overhead_seconds_bucket{route=\"/v1/chat/completions\",le=\"0.000005\"} 0\n",
           "obleth_overhead_seconds_bucket{route=\"/v1/chat/completions\",le=\"0.00001\"} 2\n",
           "obleth_estimate_error_ratio_sum{model=\"llama\",part=\"fair\"} 1\n",
           "obleth_estimate_error_ratio_sum{model=\"llama\",part=\"hold\"} 4\n",
           "obleth_build_info{version=\"1.0\",revision=\"abc\"} 1\n",
       }) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(Metrics, ARefusedRequestHasNoQueueWaitAndNoEstimateError) {
  Metrics metrics({"1.0", ""});
  UsageRecord record = finished_request();
  record.status = 429;
  record.admission = AdmissionOutcome::refused;
  record.tokens = {};
  record.ttft_ms.reset();
  record.model.clear();
  metrics.count_request(record);
  metrics.count_refusal("acme", "queue_full");
  metrics.count_refusal("", "invalid_api_key");
  const std::string text = text_of(metrics);
  EXPECT_THAT(text, HasSubstr("status_class=\"4xx\",admission=\"refused\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("obleth_requests_total{model=\"none\""));
  EXPECT_THAT(text, HasSubstr("obleth_refusals_total{tenant=\"acme\",reason=\"queue_full\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("obleth_refusals_total{tenant=\"none\",reason=\"invalid_api_key\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("obleth_queue_wait_seconds")));
  EXPECT_THAT(text, Not(HasSubstr("obleth_estimate_error_ratio")));
  EXPECT_THAT(text, Not(HasSubstr("obleth_time_to_first_token_seconds")));
}

TEST(Metrics, ABrownoutIsCountedWithItsReason) {
  Metrics metrics({"1.0", ""});
  UsageRecord record = finished_request();
  record.admission = AdmissionOutcome::brownout;
  metrics.count_request(record);
  record.brownout_reason = "quota";
  metrics.count_request(record);
  EXPECT_THAT(text_of(metrics), HasSubstr("obleth_brownouts_total{tenant=\"acme\",reason=\"saturation\"} 1\n"));
  EXPECT_THAT(text_of(metrics), HasSubstr("obleth_brownouts_total{tenant=\"acme\",reason=\"quota\"} 1\n"));
}

TEST(Metrics, AttemptsRowsAndStoreCallsAreCounted) {
  Metrics metrics({"1.0", ""});
  metrics.record_upstream_attempt("llama", "http://vllm-1:8000", "timeout");
  metrics.count_usage_rows(UsageRowOutcome::dropped, 12);
  metrics.record_store_call("sqlite", "find_key", std::chrono::microseconds(70));
  const std::string text = text_of(metrics);
  EXPECT_THAT(text, HasSubstr("{model=\"llama\",endpoint=\"http://vllm-1:8000\",outcome=\"timeout\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("obleth_usage_rows_total{outcome=\"dropped\"} 12\n"));
  EXPECT_THAT(text, HasSubstr("obleth_store_call_seconds_sum{store=\"sqlite\",operation=\"find_key\"} 0.00007\n"));
}

TEST(Metrics, CountersOfFewWordsAreShownFromTheStart) {
  const Metrics metrics({"1.0", ""});
  for (const char* line :
       {"obleth_usage_rows_total{outcome=\"delivered\"} 0\n", "obleth_usage_rows_total{outcome=\"dropped\"} 0\n",
        "obleth_usage_rows_total{outcome=\"quarantined\"} 0\n", "obleth_unbilled_requests_total 0\n"})
    EXPECT_THAT(text_of(metrics), HasSubstr(line));
}

TEST(Metrics, GaugesAreAskedAtEveryScrapeAndTotalsHaveNoLabel) {
  Metrics metrics({"1.0", ""});
  double queued = 3;
  metrics.add_gauges([&queued](GaugeSamples& gauges) {
    gauges.set(Metric::queued, {}, queued);
    gauges.set(Metric::queued, {"llama"}, 1);
    gauges.set(Metric::fairshare_entitled, {"acme"}, 0.25);
    gauges.set(Metric::fairshare_lag, {"acme"}, -1500);
    gauges.set(Metric::store_up, {"sqlite"}, 1.0 / 0.0);
  });
  EXPECT_THAT(text_of(metrics), HasSubstr("\nobleth_queued 3\nobleth_queued{model=\"llama\"} 1\n"));
  queued = 4;
  const std::string text = text_of(metrics);
  EXPECT_THAT(text, HasSubstr("\nobleth_queued 4\n"));
  EXPECT_THAT(text, HasSubstr("obleth_fairshare_entitled_ratio{tenant=\"acme\"} 0.25\n"));
  EXPECT_THAT(text, HasSubstr("obleth_fairshare_lag_units{tenant=\"acme\"} -1500\n"));
  EXPECT_THAT(text, Not(HasSubstr("obleth_store_up")));
}

TEST(Metrics, LabelValuesAreEscaped) {
  Metrics metrics({"1.0", ""});
  metrics.count_refusal("a\"b\\c\nd", "queue_full");
  EXPECT_THAT(text_of(metrics), HasSubstr("{tenant=\"a\\\"b\\\\c\\nd\",reason=\"queue_full\"} 1\n"));
}

TEST(Metrics, CountsOfAllThreadsAddUpWhileScraped) {
  Metrics metrics({"1.0", ""});
  constexpr int threads = 4;
  constexpr int requests = 2000;
  std::vector<std::thread> counting;
  for (int at = 0; at < threads; ++at) {
    counting.emplace_back([&metrics, at] {
      UsageRecord record = finished_request();
      for (int done = 0; done < requests; ++done) {
        record.tenant = "tenant-" + std::to_string((done + at) % 50);
        metrics.count_request(record);
      }
    });
  }
  for (int scrape = 0; scrape < 20; ++scrape)
    EXPECT_FALSE(text_of(metrics).empty());
  for (std::thread& thread : counting)
    thread.join();
  EXPECT_THAT(text_of(metrics), HasSubstr("admission=\"queued\"} 8000\n"));
  EXPECT_THAT(text_of(metrics),
              HasSubstr("obleth_tenant_requests_total{tenant=\"tenant-7\",status_class=\"2xx\"} 160\n"));
}

TEST(Metrics, TenantsBeyondTheBoundAreCountedAsOther) {
  Metrics metrics({"1.0", ""});
  for (int at = 0; at < 1200; ++at)
    metrics.count_refusal("tenant-" + std::to_string(at), "queue_full");
  const std::string text = text_of(metrics);
  EXPECT_THAT(text, HasSubstr("{tenant=\"tenant-999\",reason=\"queue_full\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("tenant-1000\"")));
  EXPECT_THAT(text, HasSubstr("{tenant=\"other\",reason=\"queue_full\"} 200\n"));
}

TEST(Metrics, WhatAClientCallsAToolIsNoLabelBeforeAServerKnewIt) {
  Metrics metrics({"1.0", "abc"});
  UsageRecord call;
  call.mcp_server = "files";
  const auto count = [&](std::string_view tool, std::string_view outcome) {
    call.mcp_tool = tool;
    metrics.count_mcp_tool_call(call, outcome);
  };
  for (const char* outcome : {"error", "tool_error", "accepted", "denied", "refused"})
    count("my password is hunter2", outcome);
  count("", "ok");
  count("read", "tool_error");
  count("read", "ok");
  count("read", "tool_error");
  const std::string text = text_of(metrics);
  EXPECT_THAT(text, Not(HasSubstr("hunter2")));
  EXPECT_THAT(text, HasSubstr("{server=\"files\",tool=\"other\",outcome=\"tool_error\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("{server=\"files\",tool=\"read\",outcome=\"tool_error\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("{server=\"files\",tool=\"other\",outcome=\"ok\"} 1\n"));
}

TEST(Metrics, AToolThatIsNamedOtherHasNoSecondLine) {
  Metrics metrics({"1.0", "abc"});
  UsageRecord call;
  call.mcp_server = "files";
  for (const char* tool : {"other", ""}) {
    call.mcp_tool = tool;
    metrics.count_mcp_tool_call(call, "ok");
  }
  EXPECT_THAT(text_of(metrics), HasSubstr("{server=\"files\",tool=\"other\",outcome=\"ok\"} 2\n"));
}

TEST(Metrics, SeriesStayBoundedAndNothingIsLost) {
  Metrics metrics({"1.0", ""});
  UsageRecord record = finished_request();
  constexpr int requests = 6000;
  for (int at = 0; at < requests; ++at) {
    record.tenant = "tenant-" + std::to_string(at % 3000);
    record.model = "model-" + std::to_string(at % 1000);
    record.endpoint = "endpoint-" + std::to_string(at % 2000);
    record.status = 100 + at % 500;
    record.route = "/route/" + std::to_string(at % 100);
    record.admission = static_cast<AdmissionOutcome>(at % 4);
    metrics.count_request(record);
    metrics.count_refusal(record.tenant, "reason-" + std::to_string(at % 70));
    metrics.record_upstream_attempt(record.model, record.endpoint, "outcome-" + std::to_string(at % 50));
  }
  metrics.add_gauges([](GaugeSamples& gauges) {
    for (int at = 0; at < 10'000; ++at)
      gauges.set(Metric::endpoint_healthy, {"model-" + std::to_string(at % 250), std::to_string(at)}, 1);
  });
  const std::string text = text_of(metrics);
  EXPECT_LE(sample_lines(text), series_lines_max);
  std::istringstream stream(text);
  std::uint64_t counted = 0;
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with("obleth_requests_total{")) counted += std::stoull(line.substr(line.rfind(' ') + 1));
  }
  EXPECT_EQ(counted, static_cast<std::uint64_t>(requests));
}

TEST(Metrics, ModelsTakeNoNameFromAThousandTenants) {
  Metrics metrics({"1.0", ""});
  UsageRecord record = finished_request();
  record.tenant = "first";
  for (int at = 0; at < 1000; ++at) {
    record.model = "model-" + std::to_string(at % 250);
    record.admission = static_cast<AdmissionOutcome>(at / 250);
    metrics.count_request(record);
  }
  record.admission = AdmissionOutcome::fast;
  for (int at = 0; at < 990; ++at) {
    record.tenant = "tenant-" + std::to_string(at);
    metrics.count_request(record);
    metrics.count_refusal(record.tenant, "rate_limit_exceeded");
  }
  const std::string text = text_of(metrics);
  EXPECT_THAT(text, Not(HasSubstr("tenant=\"other\"")));
  for (const char* series :
       {"obleth_tenant_requests_total{tenant=\"tenant-989\"", "obleth_tenant_tokens_total{tenant=\"tenant-989\"",
        "obleth_cost_dollars_total{tenant=\"tenant-989\"", "obleth_gpu_seconds_total{tenant=\"tenant-989\"",
        "obleth_refusals_total{tenant=\"tenant-989\""}) {
    EXPECT_THAT(text, HasSubstr(series));
  }
  EXPECT_LE(sample_lines(text), series_lines_max);
}

TEST(Metrics, WhatThereIsMuchOfTakesNoRoomFromWhatThereIsOneOf) {
  Metrics metrics({"1.0", ""});
  metrics.add_gauges([](GaugeSamples& gauges) {
    for (int at = 0; at < 1'000; ++at) {
      for (const Metric metric : {Metric::fairshare_entitled, Metric::fairshare_received, Metric::fairshare_lag})
        gauges.set(metric, {"tenant-" + std::to_string(at)}, 0);
    }
    for (int at = 0; at < 2'000; ++at)
      gauges.set(Metric::endpoint_healthy, {"model-" + std::to_string(at % 250), std::to_string(at / 4)}, 1);
    gauges.set(Metric::spool_bytes, {}, 5);
    gauges.set(Metric::store_up, {"sqlite"}, 1);
  });
  metrics.add_gauges([](GaugeSamples& gauges) { gauges.set(Metric::connections, {"data"}, 7); });
  const std::string text = text_of(metrics);
  for (const char* line : {"\nobleth_spool_bytes 5\n", "\nobleth_store_up{store=\"sqlite\"} 1\n",
                           "\nobleth_connections{listener=\"data\"} 7\n"})
    EXPECT_THAT(text, HasSubstr(line));
}

TEST(Metrics, OnAFullPageToolsAndServersAreOther) {
  Metrics metrics({"1.0", ""});
  UsageRecord call;
  for (int at = 0; at < 100 * 400; ++at) {
    call.mcp_server = "server-" + std::to_string(at % 100);
    call.mcp_tool = "tool-" + std::to_string(at / 100);
    metrics.count_mcp_tool_call(call, "ok");
  }
  metrics.count_mcp_tool_call(call, "denied");
  EXPECT_THAT(text_of(metrics), HasSubstr("{server=\"other\",tool=\"other\",outcome=\"denied\"} 1\n"));
}

TEST(Metrics, TheProcessTellsItsMemoryAndDescriptors) {
  const Metrics metrics({"1.0", ""});
  const std::string text = text_of(metrics);
  for (const char* name : {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds",
                           "process_max_fds", "process_start_time_seconds", "process_threads"}) {
    EXPECT_THAT(text, HasSubstr(std::string("\n") + name + " "));
  }
}

TEST(MetricsPage, OpenMetricsIsGivenToThoseWhoAskForIt) {
  Metrics metrics({"1.0", ""});
  metrics.count_request(finished_request());
  const MetricsPage plain = metrics_page(metrics, "*/*");
  EXPECT_EQ(plain.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(plain.body, HasSubstr("# TYPE obleth_requests_total counter\n"));
  const MetricsPage open =
      metrics_page(metrics, "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3");
  EXPECT_THAT(std::string(open.content_type), HasSubstr("application/openmetrics-text"));
  EXPECT_THAT(open.body, HasSubstr("# TYPE obleth_requests counter\nobleth_requests_total{"));
  EXPECT_TRUE(open.body.ends_with("# EOF\n"));
}

TEST(MetricsPage, PromtoolFindsNothingToSay) {
  if (std::system("command -v promtool >/dev/null") != 0) GTEST_SKIP() << "promtool is not installed";
  Metrics metrics({"1.0", "abc"});
  UsageRecord record = finished_request();
  record.admission = AdmissionOutcome::brownout;
  record.overrun_by_input = {3};
  record.overrun_by_output = {4};
  record.budget_unguarded = true;
  record.usage_clamped = true;
  record.cache = CacheOutcome::hit;
  record.tokens_saved = 5;
  metrics.count_request(record);
  record.mcp_server = "files";
  record.mcp_method = "tools/call";
  record.mcp_tool = "read";
  metrics.count_mcp_message(record);
  metrics.count_mcp_tool_call(record, "ok");
  metrics.count_refusal("acme", "queue_full");
  metrics.record_upstream_attempt("llama", "e", "ok");
  metrics.count_usage_rows(UsageRowOutcome::delivered, 1);
  metrics.count_dropped_usage_rows("full", 2);
  metrics.count_unbilled(2);
  metrics.count_untold_changes(1);
  metrics.record_store_call("sqlite", "find_key", std::chrono::microseconds(70));
  metrics.add_gauges([](GaugeSamples& gauges) {
    for (const Metric metric :
         {Metric::capacity_slots, Metric::in_flight, Metric::queued, Metric::fairshare_entitled, Metric::leased_slots,
          Metric::unleased_requests, Metric::replicas, Metric::fairshare_received, Metric::fairshare_lag,
          Metric::store_up, Metric::key_cache_entries, Metric::failed_keys_throttled, Metric::bookings_dropped,
          Metric::spool_bytes, Metric::spool_oldest}) {
      gauges.set(metric, {}, 0.5);
    }
    gauges.set(Metric::endpoint_healthy, {"llama", "e"}, 1);
    gauges.set(Metric::key_lookups, {"hit"}, 1);
    gauges.set(Metric::connections, {"data"}, 1);
    gauges.set(Metric::connections_refused, {"data"}, 1);
  });
  const auto file = std::filesystem::path(::testing::TempDir()) / "obleth_metrics_page.txt";
  std::ofstream(file) << metrics_page(metrics, "").body;
  const std::string text = metrics_page(metrics, "").body;
  for (std::size_t at = 0; at < metric_count; ++at) {
    EXPECT_THAT(text, HasSubstr("# HELP " + std::string(definition_of(static_cast<Metric>(at)).name) + " "));
  }
  EXPECT_EQ(std::system(("promtool check metrics < " + file.string()).c_str()), 0);
}

TEST(DecimalText, IsExactAndShort) {
  EXPECT_EQ(decimal_text(0, 0), "0");
  EXPECT_EQ(decimal_text(0, 9), "0");
  EXPECT_EQ(decimal_text(5, 6), "0.000005");
  EXPECT_EQ(decimal_text(1'000'000, 6), "1");
  EXPECT_EQ(decimal_text(1250, 3), "1.25");
  EXPECT_EQ(decimal_text(18'446'744'073'709'551'615ULL, 9), "18446744073.709551615");
}

TEST(Metrics, TheCacheIsCountedWhereAModelHasOne) {
  Metrics metrics({"1.0", "abc"});
  UsageRecord record = finished_request();
  metrics.count_request(record);
  EXPECT_THAT(text_of(metrics), Not(HasSubstr("obleth_cache_lookups_total{")));
  record.cache = CacheOutcome::miss;
  metrics.count_request(record);
  record.cache = CacheOutcome::hit;
  record.tokens_saved = 1200;
  metrics.count_request(record);
  metrics.count_request(record);
  const std::string text = text_of(metrics);
  EXPECT_THAT(text, HasSubstr("obleth_cache_lookups_total{model=\"llama\",result=\"miss\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("obleth_cache_lookups_total{model=\"llama\",result=\"hit\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("obleth_cache_tokens_saved_total{model=\"llama\",result=\"hit\"} 2400\n"));
}

}  // namespace
}  // namespace obleth::observe
