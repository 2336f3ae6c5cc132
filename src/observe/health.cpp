#include "observe/health.hpp"

#include "base/json_string.hpp"

namespace obleth::observe {
namespace {

void append_text_or_null(std::string& out, std::string_view text) {
  if (text.empty()) {
    out.append("null");
    return;
  }
  out.push_back('"');
  append_json_string(out, text);
  out.push_back('"');
}

}  // namespace

void Readiness::set_store(std::string_view name, bool up, std::string_view detail) {
  const std::scoped_lock lock(mutex_);
  stores_[std::string(name)] = {up, std::string(detail)};
}

void Readiness::set_slots(const SlotHealth& slots) {
  const std::scoped_lock lock(mutex_);
  slots_ = slots;
}

std::optional<SlotHealth> Readiness::slots() const {
  const std::scoped_lock lock(mutex_);
  return slots_;
}

void Readiness::waiting_for(std::string_view what) {
  const std::scoped_lock lock(mutex_);
  waiting_for_ = what;
}

std::string Readiness::reason() const {
  if (draining_) return "draining";
  if (loaded_) return {};
  const std::scoped_lock lock(mutex_);
  return waiting_for_.empty() ? "the configuration is not loaded yet" : "waiting for " + waiting_for_;
}

std::map<std::string, StoreHealth> Readiness::stores() const {
  const std::scoped_lock lock(mutex_);
  return stores_;
}

std::string Readiness::detail_json() const {
  // The reason decides, so that the answer never contradicts itself while the state changes.
  const std::string why = reason();
  std::string out = why.empty() ? "{\"ready\":true,\"reason\":" : "{\"ready\":false,\"reason\":";
  append_text_or_null(out, why);
  out.append(",\"stores\":{");
  bool first = true;
  for (const auto& [name, store] : stores()) {
    if (!first) out.push_back(',');
    first = false;
    append_text_or_null(out, name);
    out.append(store.up ? ":{\"up\":true,\"detail\":" : ":{\"up\":false,\"detail\":");
    append_text_or_null(out, store.detail);
    out.push_back('}');
  }
  out.push_back('}');
  if (const auto part = slots()) {
    out.append(part->shared ? ",\"slots\":{\"shared\":true" : ",\"slots\":{\"shared\":false");
    out.append(",\"lease\":" + std::to_string(part->lease) + ",\"replicas\":" + std::to_string(part->replicas) + "}");
  }
  out.push_back('}');
  return out;
}

}  // namespace obleth::observe
