// The counters of the process. Counting costs a few plain adds in memory of the calling thread; rendering adds up.
//
// Any thread. Label sets are closed: names (of tenants, models, endpoints, MCP servers, tools) up to a bound and then
// "other", the rest are words of the code. A counter whose labels are few words of the code, or none, is shown as 0
// from the start: Prometheus' increase() does not see the first value of a series. The bounds of the registry and of
// the gauges make series_lines_max lines of samples in all. Made once, outlives every thread that counts.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/instant.hpp"
#include "domain/usage_record.hpp"
#include "observe/gauge_samples.hpp"
#include "observe/metrics_text.hpp"
#include "observe/series_shard.hpp"

namespace obleth::observe {

inline constexpr std::size_t series_lines_max = SeriesRegistry::folded_lines_max + GaugeSamples::samples_max;

struct BuildLabels {
  std::string version;
  std::string revision;  // of the sources; empty: not known
};

inline constexpr std::string_view tool_call_ok = "ok";

enum class UsageRowOutcome : std::uint8_t { delivered, dropped, quarantined };

class Metrics {
 public:
  explicit Metrics(BuildLabels build);
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // Once per request, when it ended: requests, times, tokens, cost, brownout, estimates. Refusals are counted apart.
  void count_request(const UsageRecord& record);
  // tenant: empty where none was identified. reason: the error code that the client was told.
  void count_refusal(std::string_view tenant, std::string_view reason);
  // Of an MCP server, beside count_request: a message that ended, or a stream. outcome: how a tool's call ended, a word
  // of the code. What a client calls a tool is its own text until a server has answered it with tool_call_ok: before
  // that it is "other".
  void count_mcp_message(const UsageRecord& record);
  void count_mcp_tool_call(const UsageRecord& record, std::string_view outcome);
  // outcome: a word of the code ("ok", "timeout", …).
  void record_upstream_attempt(std::string_view model, std::string_view endpoint, std::string_view outcome);
  void record_store_call(std::string_view store, std::string_view operation, Duration took);
  // At the start, of what the process before left.
  void count_unbilled(std::uint64_t requests);
  void count_untold_changes(std::uint64_t changes);
  void count_usage_rows(UsageRowOutcome outcome, std::uint64_t rows);
  void count_dropped_usage_rows(std::string_view reason, std::uint64_t rows);  // beside the count by outcome

  // What is measured at the scrape: slots, queues, shares, health, caches. At start, or at any time later.
  void add_gauges(GaugeSource source);

  [[nodiscard]] std::string render(Exposition format) const;

 private:
  [[nodiscard]] SeriesShard& shard();
  [[nodiscard]] SeriesShard& shard_of_this_thread();
  [[nodiscard]] LabelValue number(SeriesShard& mine, Label label, std::string_view value);
  [[nodiscard]] SeriesKey key(SeriesShard& mine, Metric metric, std::initializer_list<std::string_view> labels);
  // A request with the numbers of its labels, each found once.
  struct Counted {
    SeriesShard& mine;
    const UsageRecord& record;
    LabelValue model = label_other;
    LabelValue tenant = label_other;
    LabelValue route = label_other;
    LabelValue admission = label_other;
  };
  void count_tokens(const Counted& request) const;
  void count_cache(const Counted& request);
  void count_budget(const Counted& request);
  void observe_times(const Counted& request) const;
  void observe_estimates(const Counted& request) const;

  // The numbers of words that every request needs, by the position of what they stand for.
  struct Words {
    std::array<LabelValue, 6> status_classes{};  // the last: none
    std::array<LabelValue, 4> admissions{};
    std::array<LabelValue, 4> token_types{};
    std::array<LabelValue, 2> estimate_parts{};
  };

  const std::uint64_t serial_;  // tells this object from one that lay at the same address before
  BuildLabels build_;
  mutable std::array<LabelTable, label_count> tables_;
  Words words_;  // of the tables; set at the beginning
  SeriesRegistry registry_;
  mutable std::mutex mutex_;  // guards what follows; never taken on the path
  std::unordered_map<std::thread::id, std::unique_ptr<SeriesShard>> shards_;
  std::vector<GaugeSource> sources_;
  mutable std::mutex scrape_;  // sources are asked by one scrape at a time
};

}  // namespace obleth::observe
