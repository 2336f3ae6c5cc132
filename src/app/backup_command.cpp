// `obleth backup FOLDER`: copies the embedded stores of a gateway, which may run meanwhile.
#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>

#include "adapters/sqlite/backup.hpp"
#include "app/commands.hpp"
#include "app/complaint.hpp"
#include "app/data_files.hpp"
#include "app/options.hpp"

namespace obleth::app {
namespace {

constexpr const char* usage_text =
    "usage: obleth backup FOLDER [--config FILE] [--setting VALUE …]\n\n"
    "Copies the record and the usage ledger into FOLDER, each as it is at one moment, while the gateway runs. The\n"
    "settings say where they are, as for obleth serve: OBLETH_DATA_DIR and OBLETH_DATABASE_URL. What is kept in\n"
    "PostgreSQL or ClickHouse is copied by their own tools: pg_dump, and ALTER TABLE … FREEZE or BACKUP.\n\n"
    "To restore, stop the gateway, put the files into an empty data folder and start it with the same\n"
    "OBLETH_ENCRYPTION_KEY and OBLETH_API_KEY_PEPPER: they are in no backup. Rows that were still in the spool at the\n"
    "moment of the copy, those of about the last second, are not in it.\n";

Result<void> copy_into(const std::filesystem::path& folder, const std::string& from, const char* name) {
  const std::string to = (folder / name).string();
  Result<void> copied = adapters::copy_database(from, to);
  if (!copied) return copied;
  std::error_code unknown;
  const auto bytes = std::filesystem::file_size(to, unknown);
  std::printf("%s  %ju bytes\n", to.c_str(), static_cast<std::uintmax_t>(unknown ? 0 : bytes));
  return {};
}

}  // namespace

int run_backup(std::span<const char* const> arguments, std::span<const char* const> environment) {
  if (asks_for_help(arguments)) {
    std::printf("%s", usage_text);
    return 0;
  }
  if (arguments.empty() || std::string_view(arguments.front()).starts_with('-')) {
    std::fprintf(stderr, "%s", usage_text);
    return exit_misused;
  }
  const std::filesystem::path folder = arguments.front();
  const Result<Options> options = read_options({arguments.subspan(1), environment, false});
  if (!options) return complain(options.error(), exit_misused);
  const Result<std::string> record = record_file_of(*options);
  if (!record) return complain(record.error(), exit_misused);
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  if (problem) return complain("the folder " + folder.string() + " cannot be made: " + problem.message(), exit_failed);
  const Result<void> record_copied = copy_into(folder, *record, record_file_name);
  if (!record_copied) return complain(record_copied.error(), exit_failed);
  if (options->clickhouse_url) {
    std::printf("the usage ledger is kept in ClickHouse: its own tools copy it\n");
    return 0;
  }
  const Result<void> usage_copied = copy_into(folder, usage_file_of(*options), usage_file_name);
  if (!usage_copied) return complain(usage_copied.error(), exit_failed);
  return 0;
}

}  // namespace obleth::app
