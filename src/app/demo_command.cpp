// `obleth demo`: the gateway, a mock upstream and two tenants of different weight, with lines ready to paste.
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "app/commands.hpp"
#include "app/complaint.hpp"
#include "app/gateway_process.hpp"
#include "app/mock_server.hpp"
#include "app/options.hpp"
#include "app/seeds.hpp"
#include "app/version.hpp"

namespace obleth::app {
namespace {

constexpr std::uint32_t chatbot_weight = 500;
constexpr std::uint32_t api_batch_weight = 50;

// Everything that the demo writes, unless --data-dir says where it may stay.
class TemporaryFolder {
 public:
  Result<void> make() {
    std::error_code problem;
    std::string path = (std::filesystem::temp_directory_path(problem) / "obleth-demo-XXXXXX").string();
    if (problem || ::mkdtemp(path.data()) == nullptr) {
      return fail(store_fault(FaultKind::exhausted, "no temporary folder can be made; give one with --data-dir"));
    }
    path_ = path;
    return {};
  }
  ~TemporaryFolder() {
    std::error_code ignored;  // what cannot be removed stays; there is nothing to save
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// As a demo wants it, where nothing else was said by a flag, a variable or the file.
void use_demo_defaults(Options& options, const std::string& mock_url) {
  const auto is_said = [&options](std::string_view setting) { return options.sources.contains(setting); };
  if (!is_said("upstream_base_url")) options.upstream_base_url = *parse_upstream_address(mock_url);
  if (!is_said("drain_notice")) options.drain_notice = Duration{0};  // no balancer has to notice
  if (!is_said("shutdown_grace")) options.shutdown_grace = std::chrono::seconds(1);
  if (!is_said("log_level")) options.log_level = observe::LogLevel::warn;
}

struct DemoKeys {
  Secret chatbot;
  Secret api_batch;
  Model llama;
};

Result<DemoKeys> seed(House& house, const std::string& api_base) {
  Seeds seeds(house.record->store(), house.clock, house.entropy, house.hasher);
  Result<Model> mock = seeds.model("mock-model", api_base);
  if (!mock) return fail(std::move(mock.error()));
  Result<Model> llama = seeds.model("llama-3-70b", api_base);
  if (!llama) return fail(std::move(llama.error()));
  const Result<TenantId> chatbot = seeds.tenant("chatbot", chatbot_weight);
  if (!chatbot) return fail(chatbot.error());
  const Result<TenantId> api_batch = seeds.tenant("api-batch", api_batch_weight);
  if (!api_batch) return fail(api_batch.error());
  Result<Secret> chatbot_key = seeds.key(*chatbot, "demo");
  if (!chatbot_key) return fail(std::move(chatbot_key.error()));
  Result<Secret> batch_key = seeds.key(*api_batch, "demo");
  if (!batch_key) return fail(std::move(batch_key.error()));
  return DemoKeys{std::move(*chatbot_key), std::move(*batch_key), std::move(*llama)};
}

void print_lines(const GatewayProcess& gateway, const DemoKeys& keys) {
  const std::string data = "http://" + gateway.address().text();
  const std::string admin = "http://" + gateway.admin_address().text();
  const std::string model_id = keys.llama.id.uuid();
  std::printf("%s\n\n", gateway.listening_line().c_str());
  std::printf(
      "Two tenants share this gateway: chatbot (weight %u) and api-batch (weight %u). Paste into another terminal:\n\n",
      chatbot_weight, api_batch_weight);
  std::printf("export SECRET=%s TOKEN=%s MODEL_ID=%s\n", std::string(keys.chatbot.reveal()).c_str(),
              std::string(gateway.admin_token().reveal()).c_str(), model_id.c_str());
  std::printf("export BATCH_SECRET=%s\n\n", std::string(keys.api_batch.reveal()).c_str());
  std::printf(
      "curl -N %s/v1/chat/completions -H \"Authorization: Bearer $SECRET\" -H 'Content-Type: application/json' "
      "-d '{\"model\":\"mock-model\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}'\n\n",
      data.c_str());
  std::printf("curl %s/api/v1/fairshare/live -H \"Authorization: Bearer $TOKEN\"\n\n", admin.c_str());
  std::printf(
      "curl -X PATCH %s/api/v1/models/$MODEL_ID -H \"Authorization: Bearer $TOKEN\" "
      "-H 'Content-Type: application/json' -d '{\"admission_weight\":4}'\n\n",
      admin.c_str());
  std::printf("Ctrl-C ends it.\n");
  std::fflush(stdout);
}

}  // namespace

int run_demo(std::span<const char* const> arguments, std::span<const char* const> environment) {
  std::vector<const char*> with_dev{"--dev"};
  with_dev.insert(with_dev.end(), arguments.begin(), arguments.end());
  if (asks_for_help(arguments)) {
    std::printf(
        "usage: obleth demo [--data-dir FOLDER] [--setting VALUE …]\n\n"
        "Where it is told nothing else, data_dir is a temporary folder, upstream_base_url its mock,\n"
        "log_level warn, drain_notice 0s and shutdown_grace 1s.\n\n%s",
        options_help().c_str());
    return 0;
  }
  Result<Options> options = read_options({with_dev, environment});
  if (!options) return complain(options.error(), exit_misused);

  TemporaryFolder folder;
  if (!options->sources.contains("data_dir")) {
    const Result<void> made = folder.make();
    if (!made) return complain(made.error(), exit_failed);
    options->data_dir = folder.path();
  }
  adapters::block_signals({SIGTERM, SIGINT, SIGHUP});
  auto mock = MockServer::start(*adapters::NetAddress::parse_with_port("127.0.0.1:0"),
                                {.models = {"mock-model", "llama-3-70b"}});
  if (!mock) return complain(mock.error(), exit_failed);
  const std::string mock_url = "http://" + (*mock)->address().text();
  use_demo_defaults(*options, mock_url);

  Result<DemoKeys> keys = fail(Fault{});
  auto gateway = GatewayProcess::start(std::move(*options), [&](House& house) -> Result<void> {
    keys = seed(house, mock_url + "/v1");
    if (!keys) return fail(keys.error());
    return {};
  });
  if (!gateway) return complain(gateway.error(), exit_failed);
  print_lines(**gateway, *keys);
  return (*gateway)->run_until_signalled();
}

}  // namespace obleth::app
