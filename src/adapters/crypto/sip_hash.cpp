#include "adapters/crypto/sip_hash.hpp"

#include <bit>
#include <cstring>
#include <utility>

namespace obleth::adapters {
namespace {

static_assert(std::endian::native == std::endian::little, "words are read as they lie");

class SipState {
 public:
  explicit SipState(const SipKey& key)
      : a_(0x736f6d6570736575 ^ key.low),
        b_(0x646f72616e646f6d ^ key.high ^ long_form),
        c_(0x6c7967656e657261 ^ key.low),
        d_(0x7465646279746573 ^ key.high) {}

  void take(std::uint64_t word) {
    d_ ^= word;
    mix(2);
    a_ ^= word;
  }
  [[nodiscard]] SipHash finish() && {
    c_ ^= long_form;
    mix(4);
    const std::uint64_t low = a_ ^ b_ ^ c_ ^ d_;
    b_ ^= 0xDD;
    mix(4);
    return {low, a_ ^ b_ ^ c_ ^ d_};
  }

 private:
  static constexpr std::uint64_t long_form = 0xEE;

  void mix(int rounds) {
    for (; rounds > 0; --rounds) {
      a_ += b_;
      c_ += d_;
      b_ = std::rotl(b_, 13) ^ a_;
      d_ = std::rotl(d_, 16) ^ c_;
      a_ = std::rotl(a_, 32);
      c_ += b_;
      a_ += d_;
      b_ = std::rotl(b_, 17) ^ c_;
      d_ = std::rotl(d_, 21) ^ a_;
      c_ = std::rotl(c_, 32);
    }
  }

  std::uint64_t a_, b_, c_, d_;
};

}  // namespace

SipHash sip_hash(const SipKey& key, std::string_view text) {
  SipState state(key);
  const std::uint64_t last = static_cast<std::uint64_t>(text.size()) << 56;
  for (; text.size() >= sizeof(std::uint64_t); text.remove_prefix(sizeof(std::uint64_t))) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), sizeof word);
    state.take(word);
  }
  std::uint64_t rest = 0;
  std::memcpy(&rest, text.data(), text.size());
  state.take(last | rest);
  return std::move(state).finish();
}

}  // namespace obleth::adapters
