#include "adapters/redis/key_encoding.hpp"

#include <utility>

#include "adapters/redis/byte_archive.hpp"

// Each type's fields, all of them: one that is added to the type does not compile until it is added here, and
// key_layout is raised with it. Beside the types, where an archive finds them.
namespace obleth {

template <class Archive, class Tag>
void fields(Archive& archive, StrongId<Tag>& id) {
  archive(id.bits.high, id.bits.low);
}
template <class Archive>
void fields(Archive& archive, WallTime& at) {
  archive(at.unix_ms);
}
template <class Archive>
void fields(Archive& archive, NanoUsd& amount) {
  archive(amount.value);
}
template <class Archive>
void fields(Archive& archive, Quota& quota) {
  auto& [tokens_per_minute, requests_per_minute, max_in_flight] = quota;
  archive(tokens_per_minute, requests_per_minute, max_in_flight);
}
template <class Archive>
void fields(Archive& archive, Budget& budget) {
  auto& [period, starts_at, tokens, cost] = budget;
  archive(period, starts_at, tokens, cost);
}
template <class Archive>
void fields(Archive& archive, WeeklyWindow& window) {
  auto& [day, start_minute, end_minute] = window;
  archive(day, start_minute, end_minute);
}
template <class Archive>
void fields(Archive& archive, AccessSchedule& schedule) {
  auto& [timezone, active_from, active_until, weekly_windows] = schedule;
  archive(timezone, active_from, active_until, weekly_windows);
}
template <class Archive>
void fields(Archive& archive, Group& group) {
  auto& [id, name, weight, max_in_flight, created_at, updated_at] = group;
  archive(id, name, weight, max_in_flight, created_at, updated_at);
}
template <class Archive>
void fields(Archive& archive, Tenant& tenant) {
  auto& [id, name, description, group, weight, quota, budget, allowed_models, status, schedule, brownout,
         brownout_wait_ms, created_at, updated_at] = tenant;
  archive(id, name, description, group, weight, quota, budget, allowed_models, status, schedule, brownout,
          brownout_wait_ms, created_at, updated_at);
}
template <class Archive>
void fields(Archive& archive, ApiKey& key) {
  auto& [id, tenant, name, prefix, hash, former_hash, former_expires_at, disabled, expires_at, allowed_models, quota,
         budget, weight, created_at, updated_at, last_used_at] = key;
  archive(id, tenant, name, prefix, hash, former_hash, former_expires_at, disabled, expires_at, allowed_models, quota,
          budget, weight, created_at, updated_at, last_used_at);
}
template <class Archive>
void fields(Archive& archive, ResolvedKey& resolved) {
  auto& [key, tenant, group] = resolved;
  archive(key, tenant, group);
}

namespace adapters {

template <class Archive>
void fields(Archive& archive, KeyEntry& entry) {
  auto& [record_version, resolved] = entry;
  archive(record_version, resolved);
}

std::string encode_key(const KeyEntry& entry) {
  ByteWriter writer;
  KeyEntry copy = entry;
  fields(writer, copy);
  return writer.take();
}

std::optional<KeyEntry> decode_key(std::string_view bytes) {
  KeyEntry entry;
  ByteReader reader(bytes);
  fields(reader, entry);
  if (!reader.is_complete()) return std::nullopt;
  return entry;
}

}  // namespace adapters
}  // namespace obleth
