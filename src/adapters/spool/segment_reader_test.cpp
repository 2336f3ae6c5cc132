#include "adapters/spool/segment_reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "adapters/spool/segment_format.hpp"

namespace obleth::adapters {
namespace {

constexpr Bits128 segment_a{0x0123'4567'89AB'CDEF, 42};

std::string record(std::string_view payload, std::uint64_t offset, Bits128 segment = segment_a) {
  std::string bytes(record_head_bytes, '\0');
  bytes += payload;
  put_record_head(bytes, offset, segment_seed(segment));
  return bytes;
}

struct Made {
  std::string bytes;
  std::vector<std::string> payloads;
  std::vector<std::size_t> ends;  // of the records, within bytes
};

Made make_segment(std::mt19937_64& random, int records) {
  Made made;
  for (int at = 0; at < records; ++at) {
    std::string payload(random() % 60, '\0');
    for (char& byte : payload)
      byte = static_cast<char>(random() % 4 == 0 ? record_sync_word[random() % 4] : static_cast<char>(random()));
    made.bytes += record(payload, segment_head_bytes + made.bytes.size());
    made.payloads.push_back(payload);
    made.ends.push_back(made.bytes.size());
  }
  return made;
}

struct Read {
  std::vector<std::string> payloads;
  std::vector<std::uint64_t> begins;
  std::uint64_t lost = 0;
  int torn = 0;
};

// window_bytes: how much is looked at at a time.
Read read_all(std::string_view bytes, std::size_t window_bytes = SIZE_MAX) {
  Read read;
  std::size_t at = 0;
  while (at < bytes.size()) {
    const std::string_view window = bytes.substr(at, window_bytes);
    SegmentReader reader({.bytes = window,
                          .offset = segment_head_bytes + at,
                          .seed = segment_seed(segment_a),
                          .is_end = at + window.size() == bytes.size()});
    Finding found = reader.next();
    for (; found.what != Finding::What::end && found.what != Finding::What::more; found = reader.next()) {
      EXPECT_LT(found.begin, found.end);
      if (found.what == Finding::What::record) {
        read.payloads.emplace_back(found.payload);
        read.begins.push_back(found.begin - segment_head_bytes);
      }
      read.lost += found.records_lost;
      read.torn += found.what == Finding::What::torn_tail ? 1 : 0;
    }
    if (found.what == Finding::What::end) break;
    EXPECT_GT(found.begin, segment_head_bytes + at) << "no progress";
    if (found.begin <= segment_head_bytes + at) break;
    at = found.begin - segment_head_bytes;
  }
  return read;
}

TEST(SegmentReader, FindsEveryRecordWhateverTheWindow) {
  std::mt19937_64 random(1);
  const Made made = make_segment(random, 40);
  for (const std::size_t window : {100UL, 137UL, 1000UL, SIZE_MAX})
    EXPECT_EQ(read_all(made.bytes, window).payloads, made.payloads) << window;
}

TEST(SegmentReader, ATruncatedSegmentKeepsEveryWholeRecordAndOnlyThose) {
  std::mt19937_64 random(2);
  const Made made = make_segment(random, 12);
  for (std::size_t size = 0; size <= made.bytes.size(); ++size) {
    const Read read = read_all(std::string_view(made.bytes).substr(0, size));
    const auto whole = static_cast<std::size_t>(std::ranges::upper_bound(made.ends, size) - made.ends.begin());
    ASSERT_EQ(read.payloads, std::vector(made.payloads.begin(), made.payloads.begin() + static_cast<long>(whole)));
    const bool cut_within = whole == 0 ? size > 0 : size > made.ends[whole - 1];
    ASSERT_EQ(read.torn, cut_within ? 1 : 0) << size;
    ASSERT_EQ(read.lost, 0U) << "a tail that was not written to its end is no damage";
  }
}

TEST(SegmentReader, AFlippedBitCostsTheRecordThatItIsInAndNoOther) {
  std::mt19937_64 random(3);
  Made made = make_segment(random, 12);
  for (std::size_t at = 0; at < made.bytes.size() * 8; ++at) {
    made.bytes[at / 8] = static_cast<char>(made.bytes[at / 8] ^ (1 << (at % 8)));
    const auto hit = static_cast<std::size_t>(std::ranges::upper_bound(made.ends, at / 8) - made.ends.begin());
    std::vector<std::string> others = made.payloads;
    others.erase(others.begin() + static_cast<long>(hit));
    for (const std::size_t window : {std::size_t{200}, SIZE_MAX}) {
      const Read read = read_all(made.bytes, window);
      ASSERT_EQ(read.payloads, others) << "bit " << at;
      ASSERT_GE(read.lost, 1U);
    }
    made.bytes[at / 8] = static_cast<char>(made.bytes[at / 8] ^ (1 << (at % 8)));
  }
}

// Random damage of every kind: nothing is found that was not written, where it was written.
TEST(SegmentReader, InventsNothingWhateverIsDoneToTheBytes) {
  std::mt19937_64 random(4);
  const char* const wanted = std::getenv("OBLETH_TEST_ROUNDS");
  const int rounds = wanted == nullptr ? 3000 : std::atoi(wanted);
  for (int round = 0; round < rounds; ++round) {
    Made made = make_segment(random, 10);
    const Made untouched = made;
    for (std::uint64_t blow = 0; blow < 1 + random() % 4; ++blow) {
      const std::size_t at = random() % made.bytes.size();
      const std::size_t size = std::min<std::size_t>(random() % 90, made.bytes.size() - at);
      switch (random() % 4) {
        case 0:
          made.bytes.replace(at, size, std::string(size, '\0'));
          break;
        case 1:  // elsewhere from the same segment
          made.bytes.replace(at, size, made.bytes.substr(random() % made.bytes.size(), size));
          break;
        case 2:
          made.bytes.erase(at, size % 7);
          break;
        default:
          made.bytes[at] = static_cast<char>(random());
      }
      if (made.bytes.empty()) made.bytes = "x";
    }
    const Read read = read_all(made.bytes);
    for (std::size_t found = 0; found < read.payloads.size(); ++found) {
      const std::size_t end = read.begins[found] + record_head_bytes + read.payloads[found].size();
      const auto original = std::ranges::find(untouched.ends, end);
      ASSERT_NE(original, untouched.ends.end());
      ASSERT_EQ(read.payloads[found], untouched.payloads[static_cast<std::size_t>(original - untouched.ends.begin())]);
    }
  }
}

// What a client sends may look like a record; behind damage it is still no record.
TEST(SegmentReader, APayloadThatHoldsARecordIsNotReadAsOne) {
  std::string forged = record("forged", 0, Bits128{9, 9});
  std::string bytes = record("x" + forged + "y", segment_head_bytes);
  bytes[5] = static_cast<char>(bytes[5] ^ 1);
  const std::size_t second = bytes.size();
  bytes += record("second", segment_head_bytes + second);
  const Read read = read_all(bytes);
  EXPECT_EQ(read.payloads, std::vector<std::string>{"second"});
}

TEST(SegmentReader, AFileThatGrewAndHoldsNothingThereIsATornTail) {
  const std::string bytes = record("first", segment_head_bytes) + std::string(5000, '\0');
  const Read read = read_all(bytes);
  EXPECT_EQ(read.payloads, std::vector<std::string>{"first"});
  EXPECT_EQ(read.torn, 1);
  EXPECT_EQ(read.lost, 0U);
}

TEST(SegmentFormat, TellsItsOwnHeadFromOthers) {
  const auto head = segment_head(segment_a);
  const std::string_view bytes(head.data(), head.size());
  EXPECT_EQ(judge_segment_head(bytes, segment_a), SegmentHead::ours);
  EXPECT_EQ(judge_segment_head(bytes, Bits128{1, 1}), SegmentHead::damaged);
  EXPECT_EQ(judge_segment_head(bytes.substr(0, 10), segment_a), SegmentHead::damaged);
}

TEST(SegmentFormat, IdsSortByAge) {
  const Bits128 first = segment_id_at({1'000}, {7, 9});
  const Bits128 second = segment_id_at({1'001}, {0, 0});
  EXPECT_LT(first, second);
  EXPECT_EQ(created_at(first).unix_ms, 1'000);
}

}  // namespace
}  // namespace obleth::adapters
