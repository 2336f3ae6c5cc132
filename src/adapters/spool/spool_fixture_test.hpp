// For tests: a folder of the test's own, rows that differ, a ledger in memory that says what a test told it to.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "adapters/os/epoll_loop.hpp"
#include "adapters/os/system_entropy.hpp"
#include "adapters/spool/delivery.hpp"
#include "adapters/spool/spool_writer.hpp"
#include "base/temporary_folder_test.hpp"

namespace obleth::adapters {

class SpoolPlace {
 public:
  [[nodiscard]] std::filesystem::path folder() const { return place_.path() / "spool"; }
  [[nodiscard]] std::vector<std::filesystem::path> files(std::string_view suffix) const {
    std::vector<std::filesystem::path> found;
    if (!std::filesystem::exists(folder())) return found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder())) {
      if (entry.is_regular_file() && entry.path().string().ends_with(suffix)) found.push_back(entry.path());
    }
    return found;
  }
  [[nodiscard]] static std::string bytes_of(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  static void write(const std::filesystem::path& file, std::string_view bytes) {
    std::ofstream(file, std::ios::binary | std::ios::trunc)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }

 private:
  TemporaryFolder place_;
};

constexpr std::int64_t january = 1'768'000'000'000;   // 2026-01-09
constexpr std::int64_t february = 1'770'500'000'000;  // 2026-02-07

inline UsageRecord row_numbered(std::uint64_t number, std::int64_t at = january) {
  UsageRecord row;
  row.event_id = EventId{{0xE0E0, number}};
  row.ts = WallTime{at};
  row.tenant_id = TenantId{{1, 2}};
  row.key_id = KeyId{{3, 4}};
  row.model = "mock-model";
  row.route = "/v1/chat/completions";
  row.status = 200;
  row.tokens = {.prompt = {static_cast<std::int64_t>(number)}, .output = {7}};
  row.cost = NanoUsd{12'345};
  return row;
}

// Takes every batch, knows each range once, as a real ledger does.
class RecordingSink final : public ports::UsageSink {
 public:
  Task<Result<void>> deliver(ports::UsageBatch batch) override {
    ++calls;
    if (fault) co_return fail(*fault);
    largest_batch = std::max(largest_batch, batch.rows.size());
    batches.push_back(batch.range);
    const auto key = std::pair(batch.range.segment, std::pair(batch.range.begin, batch.range.end));
    if (!ranges_.insert(key).second) co_return Result<void>{};
    for (const UsageRecord& row : batch.rows) {
      ++rows[row.event_id.bits.low];
      months.insert({batch.range.segment.low ^ batch.range.begin, row.ts.unix_ms >= february});
    }
    if (lose_answer_once) {
      lose_answer_once = false;
      co_return fail(store_fault(FaultKind::unavailable, "the answer was lost"));
    }
    co_return Result<void>{};
  }

  std::optional<Fault> fault;
  bool lose_answer_once = false;
  int calls = 0;
  std::size_t largest_batch = 0;
  std::map<std::uint64_t, int> rows;  // by number: how often
  std::vector<ports::JournalRange> batches;
  std::set<std::pair<std::uint64_t, bool>> months;  // of each range: which months its rows are of

 private:
  std::set<std::pair<Bits128, std::pair<std::uint64_t, std::uint64_t>>> ranges_;
};

// A spool with one writer and its delivery on one loop that the test turns.
class SpoolHouse {
 public:
  explicit SpoolHouse(const SpoolPlace& place, SpoolSettings settings = {}) {
    settings.folder = place.folder();
    auto opened = Spool::open(settings, entropy, metrics);
    EXPECT_TRUE(opened.has_value()) << (opened ? "" : opened.error().message);
    spool = std::move(*opened);
    ports::Loop::set_current(&loop);
    writer = std::make_unique<SpoolWriter>(loop, *spool);
  }
  void deliver_to(RecordingSink& sink) {
    delivery = std::make_unique<Delivery>(loop, *spool, sink, entropy, &readiness);
  }
  void turn() { loop.turn(Duration::zero()); }

  // Begins to keep it; kept counts when that is done.
  void begin_to_keep(const UsageRecord& row) { spawn(keep(*writer, row, kept)); }
  void keep_all(std::uint64_t first, std::uint64_t last, std::int64_t at = january) {
    for (std::uint64_t number = first; number <= last; ++number) {
      begin_to_keep(row_numbered(number, at));
      if (number % 100 == 0) turn();
    }
    turn();
  }
  // False: the ledger did not take all.
  bool drain(Duration at_most = std::chrono::seconds(20)) {
    std::optional<bool> done;
    spawn(wait_for(*delivery, at_most, done));
    while (!done)
      loop.turn(std::chrono::milliseconds(50));
    return *done;
  }
  [[nodiscard]] std::string metric(const std::string& series) const {
    const std::string page = metrics.render(observe::Exposition::prometheus);
    const std::size_t at = page.find("\n" + series + " ");
    if (at == std::string::npos) return "0";
    const std::size_t begin = at + series.size() + 2;
    return page.substr(begin, page.find('\n', begin) - begin);
  }
  [[nodiscard]] std::string rows_by(const std::string& outcome) const {
    return metric("obleth_usage_rows_total{outcome=\"" + outcome + "\"}");
  }

  SystemEntropy entropy;
  observe::Metrics metrics{{.version = "test"}};
  observe::Readiness readiness;
  std::unique_ptr<Spool> spool;
  EpollLoop loop;
  std::unique_ptr<SpoolWriter> writer;
  std::unique_ptr<Delivery> delivery;
  std::uint64_t kept = 0;

 private:
  static Task<void> keep(SpoolWriter& writer, UsageRecord row, std::uint64_t& kept) {
    co_await writer.keep(row);
    ++kept;
  }
  static Task<void> wait_for(Delivery& delivery, Duration at_most, std::optional<bool>& done) {
    const Result<void> delivered = co_await delivery.delivered(at_most);
    done = delivered.has_value();
  }
};

inline std::uint64_t rows_in(const RecordingSink& sink, std::uint64_t first, std::uint64_t last) {
  std::uint64_t found = 0;
  for (std::uint64_t number = first; number <= last; ++number)
    found += sink.rows.contains(number) ? 1 : 0;
  return found;
}

inline bool none_twice(const RecordingSink& sink) {
  return std::ranges::all_of(sink.rows, [](const auto& row) { return row.second == 1; });
}

}  // namespace obleth::adapters
