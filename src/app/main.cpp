// One binary: the gateway, its demo, its mock upstream, and the command line that drives a running one.
#include <unistd.h>

#include <cstdio>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/commands.hpp"
#include "app/options.hpp"
#include "app/version.hpp"
#include "cli/run_command.hpp"

namespace {

void print_usage(std::FILE* to) {
  std::fprintf(to,
               "usage: obleth COMMAND …\n\n"
               "  serve          the gateway (obleth serve --help lists every setting)\n"
               "  demo           gateway, mock upstream and two tenants, with lines ready to paste\n"
               "  mock-upstream  an OpenAI-compatible server for tests and benchmarks\n"
               "  backup         copies the record and the usage ledger while the gateway runs\n"
               "  check-config   reads the settings and says what is wrong with them\n"
               "  settings       the reference of every setting, as docs/settings.md holds it; see below, too\n"
               "%s",
               obleth::cli::client_commands_help().c_str());
}

std::span<const char* const> environment() {
  std::size_t count = 0;
  while (environ[count] != nullptr)
    ++count;
  return {environ, count};
}

// What the verbs do that print and end.
int run_once(std::string_view verb, std::span<const char* const> arguments) {
  const std::span<const char* const> rest = arguments.subspan(1);
  if (verb == "settings" && rest.empty()) return obleth::app::print_settings();
  if (verb == "backup") return obleth::app::run_backup(rest, environment());
  if (verb == "check-config") return obleth::app::run_check_config(rest, environment());
  if (verb == "--help" || verb == "-h" || verb == "help") {
    print_usage(stdout);
    return obleth::cli::exit_done;
  }
  if (obleth::cli::is_client_command(verb)) {
    const auto surroundings = obleth::cli::process_surroundings(std::string(obleth::app::version));
    return obleth::cli::run_command(arguments, surroundings);
  }
  std::fprintf(stderr, "obleth: there is no command '%s'\n\n", std::string(verb).c_str());
  print_usage(stderr);
  return obleth::cli::exit_misused;
}

// A full disk shows as late as here. std::cout writes through stdout, so that this looks at both.
int unless_output_is_lost(int code) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
  std::fprintf(stderr, "obleth: the output could not be written in full\n");
  return code == obleth::cli::exit_done ? obleth::cli::exit_refused : code;
}

}  // namespace

int main(int count, char** words) {
  std::vector<const char*> arguments(words + 1, words + count);
  if (arguments.empty()) {
    print_usage(stderr);
    return obleth::cli::exit_misused;
  }
  if (std::string_view(arguments.front()) == "--version") arguments.front() = "version";
  const std::string_view verb = arguments.front();
  const std::span<const char* const> rest = std::span(arguments).subspan(1);
  // A server's exit code is about its service, whoever reads the lines of its start.
  if (verb == "serve") return obleth::app::run_serve(rest, environment());
  if (verb == "demo") return obleth::app::run_demo(rest, environment());
  if (verb == "mock-upstream") return obleth::app::run_mock_upstream(rest);
  return unless_output_is_lost(run_once(verb, arguments));
}
