// `obleth serve`: the gateway.
#include <cstdio>
#include <string>
#include <utility>

#include "app/commands.hpp"
#include "app/complaint.hpp"
#include "app/gateway_process.hpp"
#include "app/options.hpp"
#include "app/seeds.hpp"
#include "app/tls_files.hpp"

namespace obleth::app {
namespace {

// --dev: requests for mock-model go to the default upstream.
Result<void> register_mock_model(House& house) {
  const auto& upstream = house.options().upstream_base_url;
  if (!house.options().dev || !upstream) return {};
  const std::string scheme = upstream->tls ? "https://" : "http://";
  Seeds seeds(house.record->store(), house.clock, house.entropy, house.hasher);
  const Result<Model> model = seeds.model("mock-model", scheme + upstream->authority + upstream->base_path + "/v1");
  if (!model) return fail(model.error());
  return {};
}

}  // namespace

int run_serve(std::span<const char* const> arguments, std::span<const char* const> environment) {
  if (asks_for_help(arguments)) {
    std::printf("usage: obleth serve [--config FILE] [--setting VALUE …]\n\n%s", options_help().c_str());
    return 0;
  }
  Result<Options> options = read_options({arguments, environment});
  if (!options) return complain(options.error(), exit_misused);
  Result<std::unique_ptr<GatewayProcess>> gateway = GatewayProcess::start(std::move(*options), register_mock_model);
  if (!gateway) return complain(gateway.error(), exit_failed);
  std::printf("%s\n", (*gateway)->listening_line().c_str());
  if ((*gateway)->token_was_made()) {
    std::printf("admin token, made for this run: %s\n", std::string((*gateway)->admin_token().reveal()).c_str());
  }
  std::fflush(stdout);
  (*gateway)->reread_with([arguments, environment] { return read_options({arguments, environment}); });
  return (*gateway)->run_until_signalled();
}

int run_check_config(std::span<const char* const> arguments, std::span<const char* const> environment) {
  if (asks_for_help(arguments)) {
    std::printf("usage: obleth check-config [--config FILE] [--setting VALUE …]\n\n%s", options_help().c_str());
    return 0;
  }
  const Result<Options> options = read_options({arguments, environment});
  if (!options) return complain(options.error(), exit_misused);
  const Result<void> readable = check_tls_files(*options);
  if (!readable) return complain(readable.error(), exit_misused);
  std::printf("The configuration is valid.\n");
  return 0;
}

int print_settings() {
  std::printf("%s", settings_reference().c_str());
  return 0;
}

}  // namespace obleth::app
