#include "adapters/spool/range_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

#include "adapters/spool/crc32c.hpp"
#include "adapters/spool/segment_format.hpp"

namespace obleth::adapters {
namespace {

constexpr std::size_t at_end = 8;
constexpr std::size_t at_number = 16;
constexpr std::size_t at_crc = 24;
constexpr std::size_t at_acknowledged = 28;  // one byte, outside the checksum: written alone, later
constexpr char acknowledged_mark = 'A';

using Slot = std::array<char, RangeFile::slot_bytes>;

std::uint64_t number_at(const Slot& slot, std::size_t at) {
  std::uint64_t value = 0;
  std::memcpy(&value, slot.data() + at, sizeof value);
  return value;
}

std::uint32_t crc_of(const Slot& slot, std::uint32_t seed) {
  return crc32c(seed, {slot.data(), at_crc});
}

Slot make_slot(std::uint64_t begin, std::uint64_t end, std::uint64_t number, std::uint32_t seed) {
  Slot slot{};
  std::memcpy(slot.data(), &begin, sizeof begin);
  std::memcpy(slot.data() + at_end, &end, sizeof end);
  std::memcpy(slot.data() + at_number, &number, sizeof number);
  const std::uint32_t crc = crc_of(slot, seed);
  std::memcpy(slot.data() + at_crc, &crc, sizeof crc);
  return slot;
}

bool is_whole(const Slot& slot, std::uint64_t number, std::uint32_t seed) {
  std::uint32_t crc = 0;
  std::memcpy(&crc, slot.data() + at_crc, sizeof crc);
  return crc == crc_of(slot, seed) && number_at(slot, at_number) == number &&
         number_at(slot, 0) < number_at(slot, at_end);
}

}  // namespace

int RangeFile::reserve(int fd) {
  return posix_fallocate(fd, 0, bytes_reserved);
}

void RangeFile::load() {
  ranges_.clear();
  std::vector<bool> whole;
  Slot slot;
  for (off_t at = 0; pread(fd_.get(), slot.data(), slot.size(), at) == static_cast<ssize_t>(slot.size());
       at += static_cast<off_t>(slot.size())) {
    whole.push_back(is_whole(slot, ranges_.size(), seed_));
    ranges_.push_back({number_at(slot, 0), number_at(slot, at_end), slot[at_acknowledged] == acknowledged_mark});
  }
  while (!whole.empty() && !whole.back()) {
    whole.pop_back();
    ranges_.pop_back();
  }
  // Damaged slots between whole ones: the first of them takes all that its neighbours leave.
  std::uint64_t end_before = segment_head_bytes;
  for (std::size_t at = 0; at < ranges_.size(); ++at) {
    if (!whole[at]) {
      std::size_t next = at;
      while (!whole[next])
        ++next;
      ranges_[at] = {end_before, ranges_[next].begin, ranges_[at].acknowledged};
    }
    end_before = ranges_[at].end;
  }
}

Result<std::size_t> RangeFile::fix(std::uint64_t begin, std::uint64_t end) {
  const std::size_t number = ranges_.size();
  const Slot slot = make_slot(begin, end, number, seed_);
  const ssize_t wrote = pwrite(fd_.get(), slot.data(), slot.size(), static_cast<off_t>(number * slot_bytes));
  if (wrote < 0) return fail(store_fault(FaultKind::exhausted, std::strerror(errno)));
  if (wrote != static_cast<ssize_t>(slot.size())) return fail(store_fault(FaultKind::exhausted, std::strerror(ENOSPC)));
  if (fdatasync(fd_.get()) != 0) return fail(store_fault(FaultKind::exhausted, std::strerror(errno)));
  ranges_.push_back({begin, end, false});
  return number;
}

void RangeFile::acknowledge(std::size_t number) {
  ranges_[number].acknowledged = true;
  const auto at = static_cast<off_t>(number * slot_bytes + at_acknowledged);
  [[maybe_unused]] const ssize_t wrote = pwrite(fd_.get(), &acknowledged_mark, 1, at);
}

}  // namespace obleth::adapters
