// The one table of settings. From it come the flags, the environment variables, the keys of the configuration file,
// --help and docs/settings.md. Immutable; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "app/options.hpp"
#include "app/options_value.hpp"

namespace obleth::app {

struct Setting {
  std::string_view section;
  std::string_view name;                         // as in the configuration file: global_max_in_flight
  std::string type;                              // as the reference calls it: "bytes", "all, v1 or off", …
  std::span<const std::string_view> words = {};  // of a choice
  ValueRule rule;
  bool is_secret = false;
  bool is_live = false;       // may change while the gateway runs: PATCH /settings, or read again at SIGHUP
  bool names_a_file = false;  // that is read again at SIGHUP; the name itself stays
  std::string_view help;

  Result<void> (*read)(std::string_view text, const ValueRule& rule, Options& options) = nullptr;
  std::string (*show)(const Options& options) = nullptr;  // a secret that is set is ***
  void (*copy)(const Options& from, Options& to) = nullptr;

  [[nodiscard]] std::string flag() const;      // --global-max-in-flight
  [[nodiscard]] std::string variable() const;  // OBLETH_GLOBAL_MAX_IN_FLIGHT
};

[[nodiscard]] std::span<const Setting> settings();
// By its name in the file; null if there is none.
[[nodiscard]] const Setting* find_setting(std::string_view name);
// The setting whose name is nearest to a mistyped one; null if none is near.
[[nodiscard]] const Setting* nearest_setting(std::string_view name);

}  // namespace obleth::app
