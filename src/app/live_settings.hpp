// The settings in force: those that the process was started with and, where they may change while it runs, what the
// record says. Administration thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/dependencies.hpp"
#include "admin/json.hpp"
#include "app/options.hpp"
#include "gateway/configuration_follower.hpp"

namespace obleth::app {

class LiveSettings {
 public:
  explicit LiveSettings(Options started_with) : start_(std::move(started_with)), in_force_(start_) {}

  // The same object for ever; it changes in the two calls below.
  [[nodiscard]] const Options& in_force() const { return in_force_; }
  // What the record says wins over what the process was started with; what it no longer says falls back.
  void follow_record(const gateway::StoredSettings& stored);
  // The start's values of those that may change, read once more.
  void restart_with(const Options& reread);

  // Why a new value cannot be taken; nothing if it can.
  [[nodiscard]] std::optional<std::string> problem_of(std::string_view name, std::string_view value) const;
  // Every setting with its value; secrets masked.
  [[nodiscard]] std::vector<admin::SettingRow> rows() const;

 private:
  void settle();

  Options start_;
  gateway::StoredSettings stored_;
  Options in_force_;
};

// Of each that may change, by its name, the schema of a new value in the Management API.
[[nodiscard]] admin::Json::Object live_setting_schemas();

}  // namespace obleth::app
