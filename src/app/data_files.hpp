// Where the embedded stores of a gateway are, by its settings. Pure,
// but for the place's name.
#pragma once

#include <optional>
#include <string>

#include "adapters/crypto/encryption_key.hpp"
#include "app/options.hpp"
#include "base/result.hpp"
#include "ports/entropy.hpp"

namespace obleth::app {

inline constexpr const char* record_file_name = "obleth.db";
inline constexpr const char* usage_file_name = "usage.db";

// Where the operator says, else in the data folder. Fault: invalid, for a database that is no SQLite file.
[[nodiscard]] Result<std::string> record_file_of(const Options& options);
[[nodiscard]] std::string usage_file_of(const Options& options);
[[nodiscard]] std::string spool_folder_of(const Options& options);
// How many requests are in flight, for the next start to find after a crash.
[[nodiscard]] std::string unsettled_file_of(const Options& options);
// What the data folder is called among replicas: random, made at its first use. Empty where it cannot be kept.
[[nodiscard]] std::string name_of_place(const Options& options, ports::Entropy& entropy);
// What credentials are sealed with. Where the operator gives none, --dev makes one at its first start and keeps it in
// the data folder. Fault: what is kept there is no key, or cannot be kept.
[[nodiscard]] Result<std::optional<adapters::EncryptionKey>> encryption_key_of(const Options& options,
                                                                               ports::Entropy& entropy);

}  // namespace obleth::app
