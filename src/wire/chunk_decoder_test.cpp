#include "wire/chunk_decoder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace obleth::wire {
namespace {

struct Decoded {
  std::string payload;
  std::size_t consumed = 0;
  ChunkDecoder::State state = ChunkDecoder::State::more;
  bool operator==(const Decoded&) const = default;
};

// Feeds bytes in pieces, as reads from a socket give them, and takes every step of each.
template <class NextPiece>
Decoded decode(std::string_view bytes, NextPiece next_piece) {
  ChunkDecoder decoder;
  Decoded decoded;
  while (!bytes.empty() && decoded.state == ChunkDecoder::State::more) {
    std::string_view piece = bytes.substr(0, next_piece());
    bytes.remove_prefix(piece.size());
    while (!piece.empty() && decoded.state == ChunkDecoder::State::more) {
      const ChunkDecoder::Step step = decoder.feed(piece);
      EXPECT_GT(step.consumed, 0U) << "no step may stand still";
      decoded.payload += step.payload;
      decoded.consumed += step.consumed;
      decoded.state = step.state;
      piece.remove_prefix(step.consumed);
      if (step.consumed == 0) return decoded;
    }
  }
  return decoded;
}

Decoded decode_whole(std::string_view bytes) {
  return decode(bytes, [&bytes] { return bytes.size(); });
}

Decoded decode_by(std::string_view bytes, std::size_t piece) {
  return decode(bytes, [piece] { return piece; });
}

std::string chunked(const std::vector<std::string>& chunks) {
  constexpr char digits[] = "0123456789aBcDeF";
  std::string bytes;
  for (const std::string& chunk : chunks) {
    std::string size;
    for (std::size_t left = chunk.size(); left > 0; left /= 16)
      size.insert(size.begin(), digits[left % 16]);
    bytes += size + "\r\n" + chunk + "\r\n";
  }
  return bytes + "0\r\n\r\n";
}

TEST(ChunkDecoder, PayloadIsTheSameAtEverySplitInTwo) {
  const std::string bytes = chunked({"hello", ", ", std::string(300, 'x'), "\r\n0\r\n\r\n"});
  const std::string payload = "hello, " + std::string(300, 'x') + "\r\n0\r\n\r\n";
  for (std::size_t split = 1; split < bytes.size(); ++split) {
    std::size_t piece = 0;
    const Decoded decoded = decode(bytes, [&] { return piece++ == 0 ? split : bytes.size(); });
    ASSERT_EQ(decoded.payload, payload) << split;
    ASSERT_EQ(decoded.state, ChunkDecoder::State::done) << split;
    ASSERT_EQ(decoded.consumed, bytes.size()) << split;
  }
}

TEST(ChunkDecoder, PayloadIsTheSameAtRandomSplits) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    std::vector<std::string> chunks;
    std::string payload;
    for (unsigned left = random() % 8; left > 0; --left) {
      chunks.emplace_back(1 + random() % 700, static_cast<char>(random()));
      payload += chunks.back();
    }
    const std::string bytes = chunked(chunks);
    const Decoded decoded = decode(bytes, [&random] { return 1 + random() % 64; });
    ASSERT_EQ(decoded.payload, payload);
    ASSERT_EQ(decoded.state, ChunkDecoder::State::done);
  }
}

TEST(ChunkDecoder, BytesAfterTheEndAreNotTouched) {
  const std::string body = chunked({"a"});
  const Decoded decoded = decode_whole(body + "GET / HTTP/1.1\r\n");
  EXPECT_EQ(decoded.consumed, body.size());
  EXPECT_EQ(decoded.state, ChunkDecoder::State::done);
}

TEST(ChunkDecoder, LastPayloadAndEndComeInOneStep) {
  ChunkDecoder decoder;
  const ChunkDecoder::Step step = decoder.feed("5\r\nhello\r\n0\r\n\r\n");
  EXPECT_EQ(step.payload, "hello");
  EXPECT_EQ(step.state, ChunkDecoder::State::done);
}

TEST(ChunkDecoder, UnusualButLawfulCodingPasses) {
  struct Case {
    const char* bytes;
    const char* payload;
  };
  for (const Case& one : {
           Case{"0\r\n\r\n", ""},
           Case{"000\r\n\r\n", ""},
           Case{"0000000000000001\r\na\r\n0\r\n\r\n", "a"},
           Case{"A\r\n0123456789\r\n0\r\n\r\n", "0123456789"},
           Case{"1;a=b;c=\"d e\"\r\na\r\n0;x\r\n\r\n", "a"},
           Case{"1;\r\na\r\n0\r\n\r\n", "a"},
           Case{"0\r\nX-Trailer: y\r\nZ:\r\n\r\n", ""},
       }) {
    for (const std::size_t piece : {1UZ, 2UZ, 100UZ}) {
      const Decoded decoded = decode_by(one.bytes, piece);
      EXPECT_EQ(decoded.state, ChunkDecoder::State::done) << one.bytes;
      EXPECT_EQ(decoded.payload, one.payload) << one.bytes;
    }
  }
}

TEST(ChunkDecoder, MalformedCodingIsAFaultAtEverySplit) {
  const std::string nul(1, '\0');
  const std::vector<std::string> malformed = {
      "\r\n",
      "\n",
      " 1\r\na\r\n",
      "1 \r\na\r\n",
      "1\t;x\r\na\r\n",
      "g\r\n",
      "-1\r\n",
      "+1\r\na\r\n",
      "0x1\r\na\r\n",
      ";x\r\n",
      "1\na\n",
      "1\ra\r\n",
      "1\r\r\na\r\n",
      "1;x\na\r\n",
      "1;x\r\r\na\r\n",
      "1;x" + nul + "\r\na\r\n",
      "1;\x01\r\na\r\n",
      "00000000000000001\r\na\r\n",
      "10000000000000000\r\n",
      "fffffffffffffffff\r\n",
      "1\r\nab\r\n",
      "1\r\na\n",
      "1\r\na\r0",
      "2\r\na\r\n0\r\n\r\n",
      "1,1\r\na\r\n",
      "1_0\r\n",
      "\xEF\xBC\x91\r\na\r\n",
      "0\n\n",
      "0\r\n\n",
      "0\r\n\r\r",
      "0\r\nA: b\n\r\n",
      "0\r\nA: b\rc\r\n\r\n",
      "0\r\nA : b\r\n\r\n",
      "0\r\n A: b\r\n\r\n",
      "0\r\nA: b\r\n c\r\n\r\n",
      "0\r\n: b\r\n\r\n",
      "0\r\nA: \x02\r\n\r\n",
      "0\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
      "1;" + std::string(chunk_extension_bytes_max, 'x') + "\r\na\r\n",
      "0\r\nA: " + std::string(chunk_trailer_bytes_max, 'x') + "\r\n\r\n",
  };
  for (const std::string& bytes : malformed) {
    for (const std::size_t piece : {1UZ, 2UZ, 3UZ, bytes.size()}) {
      EXPECT_EQ(decode_by(bytes, piece).state, ChunkDecoder::State::fault) << bytes.substr(0, 40) << " by " << piece;
    }
  }
}

TEST(ChunkDecoder, ExtensionsOfManyChunksShareOneBound) {
  std::string bytes;
  for (std::uint32_t at = 0; at <= chunk_extension_bytes_max / 8; ++at)
    bytes += "1;1234567\r\na\r\n";
  EXPECT_EQ(decode_whole(bytes).state, ChunkDecoder::State::fault);
}

TEST(ChunkDecoder, AServerMayPutBlanksBehindASizeAndExtensionsOnEveryChunk) {
  std::string bytes = "1  \r\na\r\n1 \t;x=y\r\na\r\n";
  for (std::uint32_t at = 0; at <= chunk_extension_bytes_max / 8; ++at)
    bytes += "1;1234567\r\na\r\n";
  bytes += "0 \r\n\r\n";
  ChunkDecoder decoder(ChunkSource::server);
  for (const char& byte : bytes)
    ASSERT_NE(decoder.feed({&byte, 1}).state, ChunkDecoder::State::fault);
  EXPECT_EQ(decoder.feed({}).state, ChunkDecoder::State::done);
  EXPECT_EQ(decode_whole(bytes).state, ChunkDecoder::State::fault) << "a client may not";
  for (const std::string& wrong :
       {std::string(" 1\r\n"), std::string("1 2\r\n"), std::string("1 \n"),
        "1;" + std::string(chunk_extension_bytes_max, 'x'), "1" + std::string(chunk_extension_bytes_max + 1, ' ')})
    EXPECT_EQ(ChunkDecoder(ChunkSource::server).feed(wrong).state, ChunkDecoder::State::fault) << wrong.substr(0, 9);
}

TEST(ChunkDecoder, AFaultStays) {
  ChunkDecoder decoder;
  EXPECT_EQ(decoder.feed("x").state, ChunkDecoder::State::fault);
  const ChunkDecoder::Step step = decoder.feed("0\r\n\r\n");
  EXPECT_EQ(step.state, ChunkDecoder::State::fault);
  EXPECT_EQ(step.consumed, 0U);
}

TEST(ChunkDecoder, AnUnfinishedBodyWantsMore) {
  const std::string bytes = chunked({"hello"});
  for (std::size_t have = 1; have < bytes.size(); ++have) {
    EXPECT_EQ(decode_whole(bytes.substr(0, have)).state, ChunkDecoder::State::more) << have;
  }
}

TEST(ChunkDecoder, TheLargestSizeIsWaitedForWithoutOverflow) {
  ChunkDecoder decoder;
  const ChunkDecoder::Step step = decoder.feed("ffffffffffffffff\r\nabc");
  EXPECT_EQ(step.payload, "abc");
  EXPECT_EQ(step.state, ChunkDecoder::State::more);
}

}  // namespace
}  // namespace obleth::wire
