#include "mock/embeddings_answer.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <vector>

#include "mock/json_text.hpp"

namespace obleth::mock {
namespace {

// SplitMix64, so that neighbouring seeds give unlike vectors.
std::uint64_t next_random(std::uint64_t& state) {
  state += 0x9E3779B97F4A7C15ULL;
  std::uint64_t mixed = state;
  mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBULL;
  return mixed ^ (mixed >> 31U);
}

std::vector<float> unit_vector(std::uint64_t seed, std::int64_t dimensions) {
  std::vector<float> vector(static_cast<std::size_t>(dimensions));
  double squares = 0;
  for (float& part : vector) {
    const double random = static_cast<double>(next_random(seed) >> 11U) * 0x1p-52 - 1.0;
    part = static_cast<float>(random);
    squares += random * random;
  }
  const auto length = static_cast<float>(std::sqrt(squares));
  for (float& part : vector)
    part = length > 0 ? part / length : 0;
  return vector;
}

void append_floats(std::string& out, const std::vector<float>& vector) {
  out.push_back('[');
  for (const float part : vector) {
    if (out.back() != '[') out.push_back(',');
    std::array<char, 32> digits{};
    out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), part).ptr);
  }
  out.push_back(']');
}

void append_base64(std::string& out, const std::vector<float>& vector) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::uint32_t gathered = 0;
  int bits = 0;
  std::size_t written = 0;
  out.push_back('"');
  const auto put = [&](std::uint32_t six) {
    out.push_back(alphabet[six & 0x3FU]);
    ++written;
  };
  for (const float part : vector) {
    const auto pattern = std::bit_cast<std::uint32_t>(part);
    for (unsigned shift = 0; shift < 32; shift += 8) {
      gathered = (gathered << 8U) | ((pattern >> shift) & 0xFFU);
      for (bits += 8; bits >= 6; bits -= 6)
        put(gathered >> static_cast<unsigned>(bits - 6));
    }
  }
  if (bits > 0) put(gathered << static_cast<unsigned>(6 - bits));
  for (; written % 4 != 0; ++written)
    out.push_back('=');
  out.push_back('"');
}

}  // namespace

std::string embeddings_answer(const AnswerPlan& plan) {
  std::string out = R"({"object":"list","data":[)";
  std::int64_t index = 0;
  for (const std::uint64_t seed : plan.request.input_seeds) {
    write_parts(out, index == 0 ? "" : ",", R"({"object":"embedding","index":)", index, R"(,"embedding":)");
    const std::vector<float> vector = unit_vector(seed, plan.request.dimensions);
    if (plan.request.base64) {
      append_base64(out, vector);
    } else {
      append_floats(out, vector);
    }
    out.push_back('}');
    ++index;
  }
  write_parts(out, R"(],"model":)", plan.model);
  if (plan.with_usage)
    write_parts(out, R"(,"usage":{"prompt_tokens":)", plan.prompt_tokens, R"(,"total_tokens":)", plan.prompt_tokens,
                "}");
  out.push_back('}');
  return out;
}

}  // namespace obleth::mock
