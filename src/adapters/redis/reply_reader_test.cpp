#include "adapters/redis/reply_reader.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace obleth::adapters {
namespace {

using Kind = RedisReply::Kind;
using Random = std::mt19937_64;

bool same(const RedisReply& a, const RedisReply& b) {
  if (a.kind != b.kind || a.text != b.text || a.integer != b.integer || a.items.size() != b.items.size()) return false;
  for (std::size_t at = 0; at < a.items.size(); ++at) {
    if (!same(a.items[at], b.items[at])) return false;
  }
  return true;
}

std::string random_text(Random& random, bool is_line) {
  std::string text;
  for (std::uint64_t count = random() % 40; count > 0; --count) {
    const auto byte = static_cast<char>(random() % 256);
    text.push_back(is_line && (byte == '\r' || byte == '\n') ? ' ' : byte);
  }
  return text;
}

RedisReply random_reply(Random& random, int depth) {
  RedisReply reply;
  reply.kind = static_cast<Kind>(random() % (depth > 0 ? 6 : 5));
  if (reply.kind == Kind::integer) reply.integer = static_cast<std::int64_t>(random());
  if (reply.kind == Kind::text) reply.text = random_text(random, false);
  if (reply.kind == Kind::status || reply.kind == Kind::error) reply.text = random_text(random, true);
  if (reply.kind != Kind::array) return reply;
  for (std::uint64_t count = random() % 5; count > 0; --count)
    reply.items.push_back(random_reply(random, depth - 1));
  return reply;
}

void encode(std::string& out, const RedisReply& reply) {
  switch (reply.kind) {
    case Kind::nil:
      out += "$-1\r\n";
      return;
    case Kind::text:
      out += "$" + std::to_string(reply.text.size()) + "\r\n" + reply.text + "\r\n";
      return;
    case Kind::status:
      out += "+" + reply.text + "\r\n";
      return;
    case Kind::error:
      out += "-" + reply.text + "\r\n";
      return;
    case Kind::integer:
      out += ":" + std::to_string(reply.integer) + "\r\n";
      return;
    case Kind::array:
      break;
  }
  out += "*" + std::to_string(reply.items.size()) + "\r\n";
  for (const RedisReply& item : reply.items)
    encode(out, item);
}

Result<std::optional<RedisReply>> read_all(std::string_view bytes) {
  ReplyReader reader;
  reader.feed(bytes);
  return reader.next();
}

TEST(ReplyReader, ReadsTheSameAtAnySplit) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Random random(seed);
    std::vector<RedisReply> sent;
    std::string bytes;
    for (std::uint64_t count = 1 + random() % 8; count > 0; --count) {
      sent.push_back(random_reply(random, 4));
      encode(bytes, sent.back());
    }
    ReplyReader reader;
    std::vector<RedisReply> got;
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t piece = std::min<std::size_t>(1 + random() % 17, bytes.size() - at);
      reader.feed(std::string_view(bytes).substr(at, piece));
      at += piece;
      for (auto reply = reader.next(); reply && *reply; reply = reader.next())
        got.push_back(std::move(**reply));
    }
    ASSERT_EQ(got.size(), sent.size()) << "seed " << seed;
    for (std::size_t at = 0; at < sent.size(); ++at)
      EXPECT_TRUE(same(got[at], sent[at])) << "seed " << seed << ", reply " << at;
  }
}

TEST(ReplyReader, BytesThatAreNotRedisAreAFaultAndNeverMore) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Random random(seed);
    std::string bytes;
    encode(bytes, random_reply(random, 4));
    bytes[random() % bytes.size()] = static_cast<char>(random() % 256);
    ReplyReader reader;
    for (const char byte : bytes) {
      reader.feed({&byte, 1});
      if (!reader.next()) break;
    }
  }
  EXPECT_EQ(read_all("HTTP/1.1 400 Bad Request\r\n").error().kind, FaultKind::bad_answer);
}

TEST(ReplyReader, AnArrayBeyondTheBoundIsRefusedBeforeItIsMade) {
  EXPECT_EQ(read_all("*1000001\r\n").error().kind, FaultKind::bad_answer);
  EXPECT_EQ(read_all("*4294967295\r\n").error().kind, FaultKind::bad_answer);
}

TEST(ReplyReader, AReplyThatGrowsBeyondTheBoundIsRefused) {
  ReplyReader reader;
  reader.feed("$1000000000\r\n");
  const std::string piece(1U << 20, 'x');
  Result<std::optional<RedisReply>> reply = reader.next();
  for (std::size_t fed = 0; reply && fed <= ReplyReader::reply_bytes_max; fed += piece.size()) {
    reader.feed(piece);
    reply = reader.next();
  }
  EXPECT_FALSE(reply);
}

TEST(ReplyReader, AnErrorShowsItsCode) {
  const auto reply = read_all("-NOSCRIPT No matching script.\r\n");
  ASSERT_TRUE(reply && *reply);
  EXPECT_EQ((*reply)->error_code(), "NOSCRIPT");
}

}  // namespace
}  // namespace obleth::adapters
