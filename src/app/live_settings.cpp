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

// Nothing is changed by a value that cannot be taken.
Result<void> take_value(const Setting& setting, std::string_view value, Options& options) {
  Options changed = options;
  Result<void> taken = setting.read(value, setting.rule, changed);
  if (taken) taken = check_live(changed);
  if (taken) setting.copy(changed, options);
  return taken;
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
    if (take_value(*setting, value, in_force_)) {
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

std::optional<std::string> LiveSettings::problem_of(std::string_view name, std::string_view value) const {
  const Setting* setting = find_setting(name);
  if (setting == nullptr || !setting->is_live) return "cannot be changed while the gateway runs";
  Options changed = in_force_;
  const Result<void> taken = take_value(*setting, value, changed);
  return taken ? std::nullopt : std::optional(taken.error().message);
}

}  // namespace obleth::app
