#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <cerrno>
#include <thread>

#include "adapters/spool/spool_fixture_test.hpp"
#include "base/seen_in_time_test.hpp"

namespace obleth::adapters {
namespace {

// What a file holds that was written by this process, or by one before it.
std::vector<std::uint64_t> numbers_in(const SpoolPlace& place) {
  std::vector<std::uint64_t> numbers;
  for (const auto& path : place.files(".seg")) {
    const std::string bytes = SpoolPlace::bytes_of(path);
    const auto id = bits128_from_text(path.stem().string());
    SegmentReader reader({.bytes = std::string_view(bytes).substr(segment_head_bytes),
                          .offset = segment_head_bytes,
                          .seed = segment_seed(*id)});
    for (Finding found = reader.next(); found.what != Finding::What::end; found = reader.next()) {
      EXPECT_EQ(found.what, Finding::What::record);
      if (const auto row = decode_row(found.payload)) numbers.push_back(row->event_id.bits.low);
    }
  }
  std::ranges::sort(numbers);
  return numbers;
}

std::vector<std::uint64_t> counting(std::uint64_t first, std::uint64_t last) {
  std::vector<std::uint64_t> numbers;
  for (std::uint64_t number = first; number <= last; ++number)
    numbers.push_back(number);
  return numbers;
}

TEST(SpoolWriter, RowsOfOneTurnAreWrittenWhenItEndsAndBeforeTheirWaitersGoOn) {
  const SpoolPlace place;
  SpoolHouse house(place);
  for (std::uint64_t number = 1; number <= 3; ++number)
    house.begin_to_keep(row_numbered(number));
  EXPECT_EQ(house.kept, 0U);
  EXPECT_TRUE(numbers_in(place).empty());
  house.turn();
  EXPECT_EQ(house.kept, 3U);
  EXPECT_EQ(numbers_in(place), counting(1, 3));
}

TEST(SpoolWriter, ATurnWithMoreRowsThanABatchKeepsThemAll) {
  const SpoolPlace place;
  SpoolHouse house(place);
  for (std::uint64_t number = 1; number <= 3000; ++number)
    house.begin_to_keep(row_numbered(number));
  house.turn();
  EXPECT_EQ(house.kept, 3000U);
  EXPECT_EQ(numbers_in(place), counting(1, 3000));
}

TEST(SpoolWriter, GoesOnInAnotherSegmentAtItsSize) {
  const SpoolPlace place;
  SpoolHouse house(place, {.bytes_max = 1 << 20});
  house.keep_all(1, 3000);
  EXPECT_GT(place.files(".seg").size(), 3U);
  EXPECT_EQ(numbers_in(place), counting(1, 3000));
}

// Bytes of the one segment that were written, and that are on the disk itself.
struct Synced {
  explicit Synced(SpoolHouse& house) : segment(house.spool->shelf.take_undelivered().at(0)) {}
  [[nodiscard]] bool all() const { return segment->synced_bytes == segment->committed_bytes; }
  std::shared_ptr<SegmentFile> segment;
};

TEST(SpoolWriter, WithoutAPauseEveryWriteIsBroughtToTheDiskAtOnce) {
  const SpoolPlace place;
  SpoolHouse house(place, {.sync_every = Duration::zero()});
  house.keep_all(1, 3);
  const Synced synced(house);
  EXPECT_TRUE(seen_in_time([&] { return synced.all(); }));
  house.keep_all(4, 5);
  EXPECT_TRUE(seen_in_time([&] { return synced.all(); }));
}

TEST(SpoolWriter, WritesWaitForTheDiskUntilThePauseIsOverOrTheSpoolEnds) {
  const SpoolPlace place;
  SpoolHouse house(place, {.sync_every = std::chrono::hours(1)});
  house.keep_all(1, 3);
  const Synced synced(house);
  EXPECT_FALSE(synced.all());
  house.writer.reset();
  house.spool.reset();
  EXPECT_TRUE(synced.all());
}

TEST(SpoolWriter, AFullSpoolDropsTheNewestAndCountsThemExactly) {
  const SpoolPlace place;
  SpoolHouse house(place, {.bytes_max = 256 << 10});
  house.keep_all(1, 5000);
  EXPECT_EQ(house.kept, 5000U) << "requests go on";
  const std::vector<std::uint64_t> kept = numbers_in(place);
  EXPECT_GT(kept.size(), 500U);
  EXPECT_EQ(house.spool->tally.dropped(DropReason::spool_full), 5000 - kept.size());
  EXPECT_EQ(house.rows_by("dropped"), std::to_string(5000 - kept.size()));
  EXPECT_EQ(house.metric("obleth_usage_rows_dropped_total{reason=\"spool_full\"}"), std::to_string(5000 - kept.size()));
  EXPECT_LE(house.spool->tally.stored_bytes(), 256U << 10);
}

// A limit on the size of files stands for the disk: the kernel then writes what fits, and no more.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(std::uint64_t bytes) {
    former_action_ = signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &former_);
    rlimit limit = former_;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &former_);
    signal(SIGXFSZ, former_action_);
  }

 private:
  rlimit former_{};
  sighandler_t former_action_ = SIG_DFL;
};

TEST(SpoolWriter, EveryReasonToDropARowIsShownBeforeOneIsDropped) {
  observe::Metrics metrics({.version = "test"});
  const SpoolTally tally(metrics);
  const std::string page = metrics.render(observe::Exposition::prometheus);
  for (const char* reason : {"spool_full", "disk_full", "disk_error", "no_folder"}) {
    const std::string line = "obleth_usage_rows_dropped_total{reason=\"" + std::string(reason) + "\"} 0\n";
    EXPECT_NE(page.find(line), std::string::npos) << page;
  }
}

TEST(SpoolFolder, WhyASegmentCannotBeOpenedIsToldAsItIs) {
  const SpoolPlace place;
  SpoolFolder folder({.folder = place.folder()});
  ASSERT_TRUE(folder.open().has_value());
  const Bits128 taken{1, 2};
  ASSERT_TRUE(folder.make_segment(taken).has_value());
  std::filesystem::remove(place.files(".rng").at(0));
  const auto refused = folder.make_segment(taken);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error(), EEXIST) << "and not that the disk is full";
  EXPECT_EQ(place.files(".seg").size(), 1U) << "the one that was there stays";
}

TEST(SpoolWriter, AShortWriteIsTakenBackToTheLastWholeRow) {
  // Every place where the disk may end within a batch of rows.
  for (std::uint64_t room = 20'000; room < 20'300; room += 7) {
    const SpoolPlace place;
    SpoolHouse house(place);
    house.keep_all(1, 100);
    std::vector<std::uint64_t> kept;
    {
      const FileSizeLimit limit(room);
      house.keep_all(101, 300);
      kept = numbers_in(place);  // whole records only, or numbers_in complains
      EXPECT_EQ(house.spool->tally.dropped(DropReason::disk_full), 300 - kept.size());
      EXPECT_EQ(house.kept, 300U);
    }
    house.keep_all(301, 310);
    EXPECT_EQ(numbers_in(place).size(), kept.size() + 10) << "it recovers by itself";
    RecordingSink sink;
    house.deliver_to(sink);
    EXPECT_TRUE(house.drain());
    EXPECT_EQ(sink.rows.size(), kept.size() + 10);
    EXPECT_EQ(house.rows_by("quarantined"), "0");
  }
}

// The one segment's descriptor, in which this process may find a file that takes no bytes.
class RefusingDisk {
 public:
  explicit RefusingDisk(const std::filesystem::path& segment) {
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
      std::error_code ignored;
      if (std::filesystem::read_symlink(entry, ignored) == segment) segment_fd_ = std::stoi(entry.path().filename());
    }
    kept_fd_ = dup(segment_fd_);
    const int read_only = open("/dev/null", O_RDONLY | O_CLOEXEC);
    dup2(read_only, segment_fd_);
    close(read_only);
  }
  RefusingDisk(const RefusingDisk&) = delete;
  RefusingDisk& operator=(const RefusingDisk&) = delete;
  ~RefusingDisk() {
    dup2(kept_fd_, segment_fd_);
    close(kept_fd_);
  }
  [[nodiscard]] bool found() const { return segment_fd_ >= 0; }

 private:
  int segment_fd_ = -1;
  int kept_fd_ = -1;
};

TEST(SpoolWriter, AWriteThatTheDiskRefusesIsCountedAndTheNextOneIsKept) {
  const SpoolPlace place;
  SpoolHouse house(place);
  house.keep_all(1, 100);
  ASSERT_EQ(place.files(".seg").size(), 1U);
  {
    const RefusingDisk disk(place.files(".seg").front());
    ASSERT_TRUE(disk.found());
    house.keep_all(101, 300);
    EXPECT_EQ(house.kept, 300U) << "requests go on";
    EXPECT_EQ(house.spool->tally.dropped(DropReason::disk_error), 200U);
    EXPECT_EQ(house.metric("obleth_usage_rows_dropped_total{reason=\"disk_error\"}"), "200");
  }
  house.keep_all(301, 310);
  RecordingSink sink;
  house.deliver_to(sink);
  EXPECT_TRUE(house.drain());
  EXPECT_EQ(sink.rows.size(), 110U);
  EXPECT_EQ(house.rows_by("quarantined"), "0");
}

TEST(SpoolWriter, AFolderThatCannotBeUsedDropsAndCountsAndIsTriedAgain) {
  const SpoolPlace place;
  std::filesystem::create_directories(place.folder().parent_path());
  SpoolPlace::write(place.folder(), "a file where the folder should be");
  SpoolHouse house(place);
  house.keep_all(1, 10);
  EXPECT_EQ(house.kept, 10U);
  EXPECT_EQ(house.spool->tally.dropped(DropReason::no_folder), 10U);
  std::filesystem::remove(place.folder());
  const Instant began = house.loop.now();
  while (house.loop.now() < began + SpoolWriter::retry_after)
    house.loop.turn(std::chrono::milliseconds(100));
  house.keep_all(11, 15);
  EXPECT_EQ(numbers_in(place), counting(11, 15));
}

TEST(SpoolWriter, AWaiterThatIsDestroyedLosesNoRow) {
  const SpoolPlace place;
  SpoolHouse house(place);
  {
    const UsageRecord row = row_numbered(5);
    RootTask request = [](SpoolWriter& writer, const UsageRecord& kept) -> RootTask {
      co_await writer.keep(kept);
      ADD_FAILURE() << "nobody was to go on";
    }(*house.writer, row);
  }
  house.turn();
  EXPECT_EQ(numbers_in(place), counting(5, 5));
}

TEST(SpoolWriter, ASecondProcessIsToldThatTheFolderIsTaken) {
  const SpoolPlace place;
  SpoolHouse house(place);
  SystemEntropy entropy;
  observe::Metrics metrics({.version = "test"});
  // The lock belongs to the open file, so a second one in this process stands for another process.
  const auto second = Spool::open({.folder = place.folder()}, entropy, metrics);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().kind, FaultKind::conflict);
  EXPECT_NE(second.error().message.find(place.folder()), std::string::npos);
}

TEST(SpoolWriter, EachWriterHasItsOwnSegment) {
  const SpoolPlace place;
  SpoolHouse house(place);
  {
    std::jthread other([&] {
      EpollLoop loop;
      SpoolWriter writer(loop, *house.spool);
      for (std::uint64_t number = 1001; number <= 2000; ++number) {
        spawn([](SpoolWriter& to, UsageRecord row) -> Task<void> { co_await to.keep(row); }(writer,
                                                                                            row_numbered(number)));
        if (number % 10 == 0) loop.turn(Duration::zero());
      }
    });
    house.keep_all(1, 1000);
  }
  EXPECT_EQ(place.files(".seg").size(), 2U);
  EXPECT_EQ(numbers_in(place), counting(1, 2000));
}

}  // namespace
}  // namespace obleth::adapters
