#include "app/data_files.hpp"

#include <filesystem>
#include <string_view>

namespace obleth::app {
namespace {

constexpr std::string_view sqlite_scheme = "sqlite:";

}  // namespace

Result<std::string> record_file_of(const Options& options) {
  if (options.database_url.empty()) return (std::filesystem::path(options.data_dir) / record_file_name).string();
  if (options.database_url.starts_with(sqlite_scheme)) return options.database_url.substr(sqlite_scheme.size());
  return fail(client_fault(FaultKind::invalid, "OBLETH_DATABASE_URL must be sqlite:PATH in this version."));
}

std::string usage_file_of(const Options& options) {
  return (std::filesystem::path(options.data_dir) / usage_file_name).string();
}

}  // namespace obleth::app
