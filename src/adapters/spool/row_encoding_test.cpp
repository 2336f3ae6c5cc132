#include "adapters/spool/row_encoding.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>

#include "adapters/spool/row_fields.hpp"

namespace obleth::adapters {
namespace {

std::string encoded(const UsageRecord& record) {
  std::string out(row_bytes_max, '\0');
  out.resize(encode_row(record, std::span<char, row_bytes_max>(out.data(), row_bytes_max)));
  return out;
}

// Sets every field to a value of its own kind.
struct Filler {
  std::mt19937_64& random;
  bool extreme = false;

  void id(std::uint32_t, Bits128& value) { value = {random(), random()}; }
  void text(std::uint32_t, auto& value) {
    value = std::string(extreme ? row_text_bytes_max : random() % 40, static_cast<char>('a' + random() % 26));
  }
  template <class Number>
  void number(std::uint32_t, Number& value) {
    value = extreme ? std::numeric_limits<Number>::min() : static_cast<Number>(random());
  }
  void optional_number(std::uint32_t, std::optional<std::int64_t>& value) {
    if (random() % 2 == 0) value = static_cast<std::int64_t>(random() % 3);
  }
  void word(std::uint32_t, AdmissionOutcome& value) { value = static_cast<AdmissionOutcome>(random() % 4); }
  void word(std::uint32_t, UsageSource& value) { value = static_cast<UsageSource>(random() % 3); }
  void word(std::uint32_t, CacheOutcome& value) { value = static_cast<CacheOutcome>(random() % 3); }
  void flag(std::uint32_t, bool& value) { value = random() % 2 == 0; }
};

TEST(RowEncoding, ARecordThatIsUsedAgainSaysWhatTheNewRowSays) {
  std::mt19937_64 random(12);
  UsageRecord again;
  for (int round = 0; round < 500; ++round) {
    UsageRecord record;
    Filler filler{.random = random, .extreme = round % 50 == 0};
    if (round % 3 != 0) visit_row_fields(record, filler);
    const std::string bytes = encoded(record);
    ASSERT_TRUE(decode_row_into(again, bytes));
    ASSERT_EQ(encoded(again), bytes);
  }
}

TEST(RowEncoding, ARecordThatIsUsedAgainKeepsNothingWhereFieldsAreOutOfOrderOrNoIds) {
  UsageRecord again;
  again.event_id.bits = {1, 2};
  again.model = "former";
  again.route = "former";
  again.session_id = "former";
  again.ttft_ms = 7;
  again.status = 500;
  // An id of two bytes, then fields 13 (200), 7 (n) and 12 (queued).
  ASSERT_TRUE(decode_row_into(
      again, std::string("\x0A\x02zz", 4) + std::string("\x68\x90\x03", 3) + "\x3A\x01n" + std::string("\x60\x01", 2)));
  UsageRecord expected;
  expected.status = 200;
  expected.model = "n";
  expected.admission = AdmissionOutcome::queued;
  EXPECT_EQ(encoded(again), encoded(expected));
}

TEST(RowEncoding, GivesBackEveryFieldOfEveryRow) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 2000; ++round) {
    UsageRecord record;
    Filler filler{.random = random, .extreme = round % 50 == 0};
    visit_row_fields(record, filler);
    const std::string bytes = encoded(record);
    ASSERT_LE(bytes.size(), row_bytes_max);
    const auto back = decode_row(bytes);
    ASSERT_TRUE(back.has_value());
    ASSERT_EQ(encoded(*back), bytes);
    ASSERT_EQ(back->event_id, record.event_id);
    ASSERT_EQ(back->cost, record.cost);
    ASSERT_EQ(back->ttft_ms, record.ttft_ms);
    ASSERT_EQ(back->client_request_id, record.client_request_id);
    ASSERT_EQ(back->fairshare_v, record.fairshare_v);
    ASSERT_EQ(back->mcp_tool, record.mcp_tool);
  }
}

TEST(RowEncoding, AnEmptyRowTakesOnlyItsIds) {
  EXPECT_LE(encoded(UsageRecord{}).size(), 3U * 18U);
}

TEST(RowEncoding, SkipsFieldsOfALaterVersionOfEveryWireType) {
  UsageRecord record;
  record.status = 429;
  record.model = "m";
  // Fields 100 (number), 101 (bytes), 102 (fixed64), 103 (fixed32).
  const std::string later = std::string("\xA0\x06\x96\x01", 4) + std::string("\xAA\x06\x03xyz", 6) +
                            std::string("\xB1\x06", 2) + std::string(8, 'q') + std::string("\xBD\x06", 2) +
                            std::string(4, 'q');
  const auto back = decode_row(later + encoded(record) + later);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->status, 429);
  EXPECT_EQ(back->model, "m");
}

TEST(RowEncoding, ReadsFieldsInEveryOrderAndTheLastOfThoseThatComeTwice) {
  // Fields 38, 13 (429), 7, 13 (200), 7, then 2.
  const std::string shuffled = std::string("\xB2\x02\x02ua", 5) + std::string("\x68\xDA\x06", 3) + "\x3A\x01m" +
                               std::string("\x68\x90\x03", 3) + "\x3A\x01n" + "\x12\x01r";
  const auto back = decode_row(shuffled);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->user_agent_family, "ua");
  EXPECT_EQ(back->status, 200);
  EXPECT_EQ(back->model, "n");
  EXPECT_EQ(back->client_request_id, "r");
}

TEST(RowEncoding, AWordOfALaterVersionBecomesTheFirstOne) {
  const auto back = decode_row(std::string("\x60\x63", 2));  // field 12, admission: word 99
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->admission, AdmissionOutcome::fast);
}

TEST(RowEncoding, CutsALongTextAtACharacter) {
  UsageRecord record;
  for (int count = 0; count < 600; ++count)
    record.model += "é";
  record.model.insert(0, "x");  // so that the bound falls into a character
  const auto back = decode_row(encoded(record));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->model.size(), row_text_bytes_max - 1);
  EXPECT_TRUE(record.model.starts_with(back->model));
}

TEST(RowEncoding, RefusesWhatIsNoRow) {
  std::mt19937_64 random(3);
  const std::string whole = encoded([] {
    UsageRecord record;
    record.model = "mock-model";
    record.total_ms = 1234;
    return record;
  }());
  EXPECT_FALSE(decode_row(whole.substr(0, whole.size() - 1)).has_value());
  EXPECT_FALSE(decode_row("\x0F").has_value());  // a wire type that does not exist
  for (int round = 0; round < 20'000; ++round) {
    std::string noise(random() % 60, '\0');
    for (char& byte : noise)
      byte = static_cast<char>(random());
    const auto decoded = decode_row(noise);
    if (decoded) {
      EXPECT_LE(decoded->model.size(), noise.size());
    }
  }
}

}  // namespace
}  // namespace obleth::adapters
