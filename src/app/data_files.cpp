#include "app/data_files.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace obleth::app {
namespace {

constexpr std::string_view sqlite_scheme = "sqlite:";

std::string in_data_folder(const Options& options, const char* name) {
  return (std::filesystem::path(options.data_dir) / name).string();
}

// The one word that a file keeps; empty: there is none.
std::string word_in(const std::string& file) {
  std::string word;
  std::ifstream(file) >> word;
  return word;
}

// For its owner alone to read. False: it cannot be kept.
bool keep_word(const std::string& file, const std::string& word) {
  using std::filesystem::perms;
  std::ofstream kept(file, std::ios::trunc);
  std::error_code refused;
  std::filesystem::permissions(file, perms::owner_read | perms::owner_write, refused);
  kept << word << '\n' << std::flush;
  return kept && !refused;
}

}  // namespace

Result<std::string> record_file_of(const Options& options) {
  if (options.database_url.empty()) return in_data_folder(options, record_file_name);
  const std::string_view url = options.database_url.reveal();
  if (url.starts_with(sqlite_scheme)) return std::string(url.substr(sqlite_scheme.size()));
  return fail(client_fault(FaultKind::invalid, "the record is kept in PostgreSQL, not in a file: pg_dump copies it",
                           "database_url"));
}

std::string usage_file_of(const Options& options) {
  return in_data_folder(options, usage_file_name);
}

std::string spool_folder_of(const Options& options) {
  return in_data_folder(options, "spool");
}

std::string unsettled_file_of(const Options& options) {
  return in_data_folder(options, "unsettled");
}

std::string name_of_place(const Options& options, ports::Entropy& entropy) {
  const std::string file = in_data_folder(options, "place");
  std::string name = word_in(file);
  if (bits128_from_text(name)) return name;
  name = to_hex32(entropy.bits128());
  return keep_word(file, name) ? name : std::string();
}

Result<std::optional<adapters::EncryptionKey>> encryption_key_of(const Options& options, ports::Entropy& entropy) {
  if (options.encryption_key || !options.dev) return options.encryption_key;
  const std::string file = in_data_folder(options, "encryption.key");
  std::string text = word_in(file);
  if (text.empty()) {
    text = to_hex32(entropy.bits128()) + to_hex32(entropy.bits128());
    if (!keep_word(file, text)) {
      return fail(store_fault(FaultKind::unavailable, "the key for credentials cannot be kept in " + file));
    }
  }
  Result<adapters::EncryptionKey> key = adapters::EncryptionKey::from_text(text, file);
  if (!key) return fail(std::move(key.error()));
  return std::move(*key);
}

}  // namespace obleth::app
