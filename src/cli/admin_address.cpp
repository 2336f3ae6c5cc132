#include "cli/admin_address.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/flat_toml.hpp"
#include "base/whole_file.hpp"

namespace obleth::cli {
namespace {

std::unexpected<Fault> wrong(std::string what) {
  return fail(client_fault(FaultKind::invalid, std::move(what)));
}

std::string first_of(const std::string& flag, const Surroundings& surroundings, const char* variable) {
  return flag.empty() ? surroundings.variable(variable).value_or("") : flag;
}

std::filesystem::path config_path(const Surroundings& surroundings) {
  if (const auto folder = surroundings.variable("XDG_CONFIG_HOME"))
    return std::filesystem::path(*folder) / "obleth/config.toml";
  if (const auto home = surroundings.variable("HOME"))
    return std::filesystem::path(*home) / ".config/obleth/config.toml";
  return {};
}

// admin_url and admin_token, where they are not known yet. No file is no fault, nor is a home that is another's.
Result<void> fill_from_file(const std::filesystem::path& path, std::string& url, std::string& token) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return {};
  const Result<std::string> text = read_whole_file(path.string());
  if (!text) return fail(text.error());
  const Result<std::vector<FlatTomlEntry>> entries = parse_flat_toml(*text);
  if (!entries) return wrong(path.string() + ", " + entries.error().message);
  for (const FlatTomlEntry& entry : *entries) {
    const bool is_url = entry.key == "admin_url";
    if ((!is_url && entry.key != "admin_token") || entry.is_list) {
      return wrong(path.string() + ", line " + std::to_string(entry.line) + ": only admin_url and admin_token go here");
    }
    std::string& wanted = is_url ? url : token;
    if (wanted.empty()) wanted = entry.values.front();
  }
  return {};
}

}  // namespace

Result<AdminAddress> find_admin(const AdminFlags& flags, const Surroundings& surroundings) {
  std::string url = first_of(flags.url, surroundings, "OBLETH_ADMIN_URL");
  std::string token = first_of(flags.token, surroundings, "OBLETH_ADMIN_TOKEN");
  const std::filesystem::path path = config_path(surroundings);
  if (url.empty() || token.empty()) {
    if (const Result<void> read = fill_from_file(path, url, token); !read) return fail(read.error());
  }
  if (token.empty()) {
    return wrong("no admin token: set OBLETH_ADMIN_TOKEN, or admin_token in " + path.string() + ", or give --token");
  }
  const auto breaks_a_line = [](char letter) { return static_cast<unsigned char>(letter) < ' ' || letter == '\x7F'; };
  if (std::ranges::any_of(token, breaks_a_line)) {
    return wrong("the admin token holds a control character, such as a line break at its end");
  }
  Result<UpstreamAddress> server = parse_upstream_address(url.empty() ? default_admin_url : url);
  if (!server) return wrong("the address of the Management API: " + server.error().message);
  return AdminAddress{std::move(*server), Secret(std::move(token))};
}

}  // namespace obleth::cli
