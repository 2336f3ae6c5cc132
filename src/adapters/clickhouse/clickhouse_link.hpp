// ClickHouse's HTTP interface: one statement, its answer, and what went wrong in words that say what to do.
//
// An answer is complete or a fault (wait_end_of_query). After a server that did not answer, questions are refused at
// once for a moment, so that it costs the first of them its deadline and the others nothing. All calls on the loop of
// the upstream that it was given.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "base/instant.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "base/task.hpp"
#include "domain/upstream_address.hpp"
#include "ports/loop.hpp"
#include "ports/upstream.hpp"

namespace obleth::adapters {

struct ClickHouseSettings {
  UpstreamAddress address;
  std::string user;
  Secret password;
  std::string database = "obleth";
  Duration question_max = std::chrono::seconds(10);
  Duration insert_max = std::chrono::seconds(60);
  Duration refused_for = std::chrono::seconds(1);  // after no answer
};

class ClickHouseLink {
 public:
  using WatchHealth = std::function<void(bool up, const std::string& why_not)>;
  using WatchCalls = std::function<void(std::string_view operation, Duration took)>;

  ClickHouseLink(ports::Loop& loop, ports::Upstream& upstream, ClickHouseSettings settings)
      : loop_(loop), upstream_(upstream), settings_(std::move(settings)) {}

  [[nodiscard]] const std::string& database() const { return settings_.database; }
  // Set before the first call.
  void watch(WatchHealth health, WatchCalls calls);

  // Faults: unavailable (no answer, or a transient error), invalid (the statement never succeeds).
  Task<Result<std::string>> ask(std::string sql);
  // The same for work that nobody waits for, which may take as long as an insert.
  Task<Result<std::string>> work(std::string sql);
  // rows: RowBinary; compressed on the way.
  Task<Result<void>> insert(std::string into, std::string rows);

 private:
  struct Statement {
    std::string operation;
    std::string parameters;  // of the query string, after the limits
    std::string body;
    bool compressed = false;
    Duration at_most{0};
  };
  Task<Result<std::string>> send(Statement statement);
  Task<Result<std::string>> exchange(const Statement& statement);
  void note(const Result<std::string>& answer);

  ports::Loop& loop_;
  ports::Upstream& upstream_;
  const ClickHouseSettings settings_;
  WatchHealth watch_health_;
  WatchCalls watch_calls_;
  Instant refused_until_;
  std::string why_refused_;
};

// A text as a literal of ClickHouse's SQL.
[[nodiscard]] std::string quoted(std::string_view text);

}  // namespace obleth::adapters
