// Settings that change while the gateway runs, and the list of all of them for the Management API. Administration
// thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/dependencies.hpp"
#include "app/options.hpp"
#include "gateway/configuration_follower.hpp"

namespace obleth::app {

// Every setting with its value; secrets masked.
[[nodiscard]] std::vector<admin::SettingRow> list_settings(const Options& options);

// Why a new value cannot be taken; nothing if it can.
[[nodiscard]] std::optional<std::string> refuse_setting(std::string_view name, std::string_view value);

// What the record says wins over what the process was started with; what it no longer says falls back.
void apply_live_settings(const Options& started_with, const gateway::StoredSettings& stored);

}  // namespace obleth::app
