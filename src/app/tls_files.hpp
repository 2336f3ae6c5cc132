// The PEM files that settings name. Any thread; reading them blocks.
#pragma once

#include <memory>

#include "adapters/os/tls_credentials.hpp"
#include "app/options.hpp"
#include "base/result.hpp"

namespace obleth::app {

// What the listeners show their clients; null: in the clear. Fault: invalid, naming the file.
[[nodiscard]] Result<std::shared_ptr<adapters::TlsCredentials>> server_tls(const Options& options);

// Whether all of them can be read and make sense. Fault: as above.
[[nodiscard]] Result<void> check_tls_files(const Options& options);

}  // namespace obleth::app
