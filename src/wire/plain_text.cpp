#include "wire/plain_text.hpp"

#include <bit>
#include <cstring>

namespace obleth::wire {
namespace {

// The members of TextMeasure that plain characters add to, in the order of PlainText's lanes.
constexpr std::array<std::int64_t TextMeasure::*, PlainText::class_count> classes = {
    &TextMeasure::letters,    &TextMeasure::words,       &TextMeasure::digits,          &TextMeasure::numbers,
    &TextMeasure::space_runs, &TextMeasure::punctuation, &TextMeasure::punctuation_runs};

constexpr std::size_t vectors_max = 255;  // then a lane is full

consteval std::array<signed char, PlainText::width_max> make_lane_numbers() {
  std::array<signed char, PlainText::width_max> made{};
  for (std::size_t lane = 0; lane < made.size(); ++lane)
    made[lane] = static_cast<signed char>(lane);
  return made;
}
constexpr std::array<signed char, PlainText::width_max> lane_numbers = make_lane_numbers();

// The registers of one count. What is compared is lanes of -1 and 0; what is passed is references, for how vectors
// themselves are passed depends on the instructions that a function may use. All of it is inlined.
template <std::size_t width>
struct Tally {
  using Bytes = signed char __attribute__((vector_size(width)));
  using Sums = unsigned char __attribute__((vector_size(width)));
  using Words = std::array<std::uint64_t, width / sizeof(std::uint64_t)>;

  [[gnu::always_inline]] Tally(const PlainText::Lanes& lanes, CharacterKind before)
      : kinds(Bytes{} + static_cast<signed char>(before)) {
    for (std::size_t at = 0; at < sums.size(); ++at)
      std::memcpy(&sums[at], lanes[at].data(), width);
  }
  [[gnu::always_inline]] void store(PlainText::Lanes& lanes) const {
    for (std::size_t at = 0; at < sums.size(); ++at)
      std::memcpy(lanes[at].data(), &sums[at], width);
  }

  [[gnu::always_inline]] static bool all_plain(const Bytes& bytes, char stop) {
    std::uint64_t any = 0;
    for (const std::uint64_t word :
         std::bit_cast<Words>((bytes < ' ') | (bytes == static_cast<signed char>(stop)) | (bytes == '\\')))
      any |= word;
    return any == 0;
  }
  // The plain characters with which bytes begin, which are not all plain.
  [[gnu::always_inline]] static std::size_t plain_bytes(const Bytes& bytes, char stop) {
    const auto special =
        std::bit_cast<Words>((bytes < ' ') | (bytes == static_cast<signed char>(stop)) | (bytes == '\\'));
    std::size_t at = 0;
    while (special[at] == 0)
      ++at;
    return at * sizeof(std::uint64_t) + static_cast<std::size_t>(std::countr_zero(special[at])) / 8;
  }

  [[gnu::always_inline]] void add(const Bytes& bytes) { add(bytes, Bytes{} - 1); }
  // The first ones alone: the others are looked at as spaces.
  [[gnu::always_inline]] void add_first(std::size_t count, const Bytes& bytes) {
    Bytes places;
    std::memcpy(&places, lane_numbers.data(), width);
    const Bytes inside = places < static_cast<signed char>(count);
    add((bytes & inside) | (' ' & ~inside), inside);
  }
  // inside: the lanes that count; the others hold spaces, of which nothing counts but the beginning of their run.
  [[gnu::always_inline]] void add(const Bytes& bytes, const Bytes& inside) {
    // Moved up so far that what lies beyond the class is negative: one comparison finds the class.
    const Sums unsigned_bytes = __builtin_convertvector(bytes, Sums);
    const Bytes letter = __builtin_convertvector((unsigned_bytes | ' ') + (0x7F - 'z'), Bytes) > 0x7F - 26;
    const Bytes digit = __builtin_convertvector(unsigned_bytes + (0x7F - '9'), Bytes) > 0x7F - 10;
    const Bytes space = bytes == ' ';
    const Bytes before = kinds;
    kinds = ((letter & ((~bytes & 0x20) | 0x10)) - digit) | space;  // as CharacterKind says
    const Bytes mark = kinds == 0;
    Bytes behind;
    if constexpr (width == 16) {
      behind = __builtin_shufflevector(before, kinds, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30);
    } else {
      behind = __builtin_shufflevector(before, kinds, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46,
                                       47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62);
    }
    const Bytes begins = kinds != behind;
    const Bytes counted[] = {
        letter, letter & (kinds > behind), digit, digit & begins, space & begins & inside, mark, mark & begins};
    for (std::size_t at = 0; at < sums.size(); ++at)
      sums[at] -= __builtin_convertvector(counted[at], Sums);
  }

  std::array<Sums, PlainText::class_count> sums;
  Bytes kinds;  // of the characters that were added last
};

std::int64_t sum_of(const std::array<unsigned char, PlainText::width_max>& lanes) {
  // Neighbours are added to each other first: sixteen bits hold every sum then.
  constexpr std::uint64_t every_second = 0x00FF00FF00FF00FFULL;
  constexpr std::uint64_t ones = 0x0001000100010001ULL;
  using Words = std::uint64_t __attribute__((vector_size(16)));
  std::array<Words, 2> halves;
  std::memcpy(halves.data(), lanes.data(), sizeof halves);
  const Words sums = (halves[0] & every_second) + (halves[0] >> 8 & every_second) + (halves[1] & every_second) +
                     (halves[1] >> 8 & every_second);
  return static_cast<std::int64_t>((sums[0] + sums[1]) * ones >> 48);
}

}  // namespace

template <std::size_t width>
[[gnu::always_inline]] inline std::size_t PlainText::count_vectors(std::string_view text, char stop) {
  using Bytes = typename Tally<width>::Bytes;
  Tally<width> tally(lanes_, before_);
  Bytes bytes = Bytes{} + ' ';
  std::size_t at = 0;
  for (std::size_t left = vectors_max - vectors_; left > 0; --left, at += width) {
    if (text.size() - at < width) break;
    std::memcpy(&bytes, text.data() + at, width);
    if (!Tally<width>::all_plain(bytes, stop)) break;
    tally.add(bytes);
  }
  vectors_ += at / width;
  before_ = static_cast<CharacterKind>(tally.kinds[width - 1]);
  if (at < text.size() && vectors_ < vectors_max) {
    // The last vector is not whole, or not all plain.
    const std::size_t left = text.size() - at < width ? text.size() - at : width;
    if (left < width) {
      bytes = Bytes{} + ' ';
      std::memcpy(&bytes, text.data() + at, left);
    }
    const std::size_t plain = Tally<width>::all_plain(bytes, stop) ? left : Tally<width>::plain_bytes(bytes, stop);
    if (plain > 0) {
      tally.add_first(plain, bytes);
      before_ = static_cast<CharacterKind>(tally.kinds[plain - 1]);
      ++vectors_;
      at += plain;
    }
  }
  tally.store(lanes_);
  return at;
}

std::size_t PlainText::count(std::string_view text, char stop) {
#if defined(__x86_64__)
  static const bool has_avx2 = __builtin_cpu_supports("avx2") != 0;
  if (has_avx2) {
    if (vectors_ == vectors_max) fold();
    return count_by_avx2(text, stop);
  }
#endif
  return count_by_half_vectors(text, stop);
}

std::size_t PlainText::count_by_half_vectors(std::string_view text, char stop) {
  if (vectors_ == vectors_max) fold();
  return count_vectors<width_max / 2>(text, stop);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) std::size_t PlainText::count_by_avx2(std::string_view text, char stop) {
  return count_vectors<width_max>(text, stop);
}
#endif

void PlainText::fold() {
  for (std::size_t at = 0; at < class_count; ++at)
    folded_[at] += sum_of(lanes_[at]);
  lanes_ = {};
  vectors_ = 0;
}

void PlainText::add_to(TextMeasure& measure) {
  fold();
  for (std::size_t at = 0; at < class_count; ++at)
    measure.*classes[at] += folded_[at];
  folded_ = {};
}

}  // namespace obleth::wire
