// The delivered ledger as it is asked: sums, series, single requests. Every adapter answers alike.
//
// Rows of tenants, keys and models that were deleted stay and are found by their ids. Thread: any loop's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"
#include "domain/calendar.hpp"
#include "domain/ids.hpp"
#include "domain/money.hpp"
#include "domain/usage_record.hpp"

namespace obleth::ports {

inline constexpr std::size_t usage_rows_max = 1000;      // of one page
inline constexpr std::int64_t usage_buckets_max = 1500;  // of one series
inline constexpr std::size_t usage_groups_max = 500;     // of one series or division

// What is summed: everything that these leave over. The span is of ts, to the millisecond.
struct UsageScope {
  WallSpan span;
  std::optional<TenantId> tenant = std::nullopt;
  std::optional<KeyId> key = std::nullopt;
  std::string model = {};  // empty: any
  std::string group = {};
};

// Estimated from buckets: at most 7 % off. Nothing where no request has such a time.
struct DurationQuantiles {
  std::optional<std::int64_t> p50_ms = std::nullopt;
  std::optional<std::int64_t> p95_ms = std::nullopt;
  std::optional<std::int64_t> p99_ms = std::nullopt;
};

struct UsageSums {
  std::int64_t requests = 0;   // all, refusals among them
  std::int64_t errors = 0;     // status 400 or above, and not refused by the gateway
  std::int64_t refusals = 0;   // admission refused
  std::int64_t brownouts = 0;  // admission brownout
  std::int64_t cache_hits = 0;
  std::int64_t retries = 0;
  std::int64_t input_tokens = 0;
  std::int64_t cached_tokens = 0;
  std::int64_t output_tokens = 0;
  std::int64_t reasoning_tokens = 0;
  std::int64_t tokens_saved = 0;
  NanoUsd cost;
  std::int64_t gpu_ms = 0;
  std::int64_t slot_ms = 0;
  std::int64_t queue_ms = 0;
  DurationQuantiles total;  // of requests that were not refused
  DurationQuantiles ttft;
  DurationQuantiles queue;
};

enum class UsageDimension : std::uint8_t { tenant, key, model, group };

// One tenant, key, model or group. Which members say something depends on the dimension.
struct UsageGroup {
  TenantId tenant;          // tenant and key
  std::string tenant_name;  // as the ledger last heard it
  KeyId key;                // key
  std::string name;         // model and group; empty: requests without one
};

struct UsageShare {
  UsageGroup group;
  UsageSums sums;
};

enum class UsageBucket : std::uint8_t { minute, hour, day };  // UTC

[[nodiscard]] constexpr std::int64_t length_ms(UsageBucket bucket) {
  switch (bucket) {
    case UsageBucket::minute:
      return 60'000;
    case UsageBucket::hour:
      return 3'600'000;
    case UsageBucket::day:
      return 86'400'000;
  }
  return 86'400'000;
}

struct UsagePoint {
  WallTime begin;  // of its bucket, which the span may cut
  UsageSums sums;
};

struct UsageLine {
  UsageGroup group;
  std::vector<UsagePoint> points;  // by time; a bucket without requests has none
};

struct UsageRowFilter {
  UsageScope scope;
  std::string route = {};
  std::optional<int> status = std::nullopt;
  std::optional<AdmissionOutcome> admission = std::nullopt;
  std::optional<EventId> event_id = std::nullopt;
  std::string client_request_id = {};
};

struct UsageRowsRequest {
  UsageRowFilter filter;
  std::size_t limit = 50;   // at most usage_rows_max
  std::string cursor = {};  // next_cursor of the page before; empty: the first
  bool oldest_first = false;
};

struct UsageRows {
  std::vector<UsageRecord> rows;  // tenant is its name as the ledger last heard it
  std::string next_cursor = {};   // empty: the last page
};

class UsageLedger {
 public:
  virtual ~UsageLedger() = default;

  virtual Task<Result<UsageSums>> summary(UsageScope scope) = 0;
  // The largest by cost, then by requests; at most groups_max, which is at most usage_groups_max.
  virtual Task<Result<std::vector<UsageShare>>> division(UsageScope scope, UsageDimension by,
                                                         std::size_t groups_max) = 0;
  // One line, or one of each of the groups that division tells. Fault: invalid, for more than usage_buckets_max.
  virtual Task<Result<std::vector<UsageLine>>> series(UsageScope scope, UsageBucket bucket,
                                                      std::optional<UsageDimension> by, std::size_t groups_max) = 0;
  // Newest first unless asked otherwise. Fault: invalid with the field cursor.
  virtual Task<Result<UsageRows>> rows(UsageRowsRequest request) = 0;
  virtual Task<Result<std::optional<UsageRecord>>> row(EventId id) = 0;
  // The tenant that had this name last, among those that the ledger knows; deleted ones are found so.
  virtual Task<Result<std::optional<TenantId>>> tenant_named(std::string name) = 0;
  virtual Task<Result<std::string>> name_of_tenant(TenantId id) = 0;
};

}  // namespace obleth::ports
