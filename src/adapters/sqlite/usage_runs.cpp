#include "adapters/sqlite/usage_runs.hpp"

#include <algorithm>
#include <array>

#include "adapters/sql/store_failure.hpp"
#include "adapters/sqlite/usage_rest.hpp"

namespace obleth::adapters {
namespace {

[[noreturn]] void fail_damaged() {
  throw StoreFailure(store_fault(FaultKind::broken, "the database holds a row that is damaged"));
}

}  // namespace

void pack_row(const ArrivingRow& row, std::string& packed) {
  const std::string& client = row.record->client_request_id;
  std::array<char, varint_bytes_max> size;
  packed.assign(size.data(), put_varint(size.data(), client.size()));
  packed += client;
  pack_head({row.numbers.tenant, row.numbers.key, row.numbers.kind, row.record->event_id}, packed);
  pack_rest(*row.record, row.numbers, packed);
}

void add_run_entry(std::int64_t places_further, std::string_view packed, std::string& run) {
  std::array<char, run_entry_head_bytes_max> head;
  char* at = put_varint(head.data(), static_cast<std::uint64_t>(places_further));
  at = put_varint(at, packed.size());
  run.append(head.data(), at);
  run += packed;
}

void UsageSlot::clear() {
  entries_.clear();
  bytes_.clear();
}

void UsageSlot::add_run(std::int64_t first, std::span<const std::uint8_t> run) {
  const std::size_t before = bytes_.size();
  auto place = static_cast<std::uint64_t>(first);
  VarintReader reader(run);
  do {
    place += reader.next();
    const std::uint64_t size = reader.next();
    const std::size_t begin = before + run.size() - reader.left().size();
    const auto row = reader.bytes(size);
    if (!reader.is_whole()) fail_damaged();
    entries_.push_back({.place = static_cast<std::int64_t>(place), .begin = begin, .size = row.size()});
  } while (!reader.is_over());
  bytes_.insert(bytes_.end(), run.begin(), run.end());
}

void UsageSlot::put_in_order() {
  if (!std::ranges::is_sorted(entries_, {}, &Entry::place)) std::ranges::sort(entries_, {}, &Entry::place);
}

std::size_t UsageSlot::number_at(std::int64_t place) const {
  const auto found = std::ranges::lower_bound(entries_, place, {}, &Entry::place);
  if (found == entries_.end() || found->place != place) return entries_.size();
  return static_cast<std::size_t>(found - entries_.begin());
}

WalkedRow UsageSlot::row(std::size_t number) const {
  const Entry& entry = entries_[number];
  VarintReader reader(std::span(bytes_).subspan(entry.begin, entry.size));
  const auto client = reader.bytes(reader.next());
  WalkedRow row{.place = entry.place};
  const auto rest = reader.is_whole() ? unpack_head(reader.left(), row.head) : std::nullopt;
  if (!rest) fail_damaged();
  row.client_request_id = {reinterpret_cast<const char*>(client.data()), client.size()};
  row.rest = *rest;
  return row;
}

}  // namespace obleth::adapters
