#include "app/live_settings.hpp"

#include <utility>

#include "app/options_table.hpp"
#include "observe/log.hpp"

namespace obleth::app {
namespace {

void copy_live(const Options& from, Options& to) {
  for (const Setting& setting : settings()) {
    if (!setting.is_live) continue;
    setting.copy(from, to);
    const auto source = from.sources.find(setting.name);
    if (source == from.sources.end()) {
      to.sources.erase(setting.name);
    } else {
      to.sources[setting.name] = source->second;
    }
  }
}

}  // namespace

void LiveSettings::follow_record(const gateway::StoredSettings& stored) {
  stored_ = stored;
  settle();
}

void LiveSettings::restart_with(const Options& reread) {
  copy_live(reread, start_);
  settle();
}

void LiveSettings::settle() {
  copy_live(start_, in_force_);
  for (const auto& [name, value] : stored_) {
    const Setting* setting = find_setting(name);
    if (setting == nullptr || !setting->is_live) continue;
    const Result<void> read = setting->read(value, setting->rule, in_force_);
    if (read) {
      in_force_.sources[setting->name] = SettingSource::api;
    } else {
      observe::log(observe::LogLevel::warn, "a stored setting is not valid", {{"setting", name}});
    }
  }
}

std::vector<admin::SettingRow> LiveSettings::rows() const {
  std::vector<admin::SettingRow> rows;
  for (const Setting& setting : settings()) {
    const auto source = in_force_.sources.find(setting.name);
    const bool given = source != in_force_.sources.end();
    rows.push_back({.name = std::string(setting.name),
                    .value = setting.show(in_force_),
                    .source = show_value(given ? source->second : SettingSource::by_default),
                    .help = std::string(setting.help),
                    .changeable = setting.is_live});
  }
  return rows;
}

std::optional<std::string> refuse_setting(std::string_view name, std::string_view value) {
  const Setting* setting = find_setting(name);
  if (setting == nullptr || !setting->is_live) return "cannot be changed while the gateway runs";
  Options scratch;
  const Result<void> read = setting->read(value, setting->rule, scratch);
  return read ? std::nullopt : std::optional(read.error().message);
}

}  // namespace obleth::app
