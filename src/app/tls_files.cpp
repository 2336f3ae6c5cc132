#include "app/tls_files.hpp"

#include <utility>

namespace obleth::app {

Result<std::shared_ptr<adapters::TlsCredentials>> server_tls(const Options& options) {
  if (options.tls_cert.empty()) return std::shared_ptr<adapters::TlsCredentials>();
  return adapters::TlsCredentials::for_server(options.tls_cert, options.tls_key);
}

Result<void> check_tls_files(const Options& options) {
  auto own = server_tls(options);
  if (!own) return fail(std::move(own.error()));
  for (const std::string* ca :
       {&options.upstream_ca, &options.database_ca, &options.redis_ca, &options.clickhouse_ca}) {
    auto authorities = adapters::TlsCredentials::for_client(*ca);
    if (!authorities) return fail(std::move(authorities.error()));
  }
  return {};
}

}  // namespace obleth::app
