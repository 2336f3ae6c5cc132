#include "app/live_settings.hpp"

#include "app/options_table.hpp"
#include "observe/log.hpp"

namespace obleth::app {

std::vector<admin::SettingRow> list_settings(const Options& options) {
  const Options defaults;
  std::vector<admin::SettingRow> rows;
  for (const Setting& setting : settings()) {
    std::string value = setting.show(options);
    const bool is_default = value == setting.show(defaults);
    rows.push_back({.name = std::string(setting.name),
                    .value = std::move(value),
                    .source = is_default ? "default" : "configuration",
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

void apply_live_settings(const Options& started_with, const gateway::StoredSettings& stored) {
  Options options = started_with;
  for (const auto& [name, value] : stored) {
    const Setting* setting = find_setting(name);
    if (setting == nullptr || !setting->is_live) continue;
    const Result<void> read = setting->read(value, setting->rule, options);
    if (!read) observe::log(observe::LogLevel::warn, "a stored setting is not valid", {{"setting", name}});
  }
  observe::set_log_level(options.log_level);
}

}  // namespace obleth::app
