// `obleth mock-upstream`: the OpenAI-compatible server for tests, benchmarks and the demo.
#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>
#include <vector>

#include "app/commands.hpp"
#include "app/exit_signals.hpp"
#include "app/mock_server.hpp"

namespace obleth::app {
namespace {

constexpr int exit_misused = 2;

}  // namespace

int run_mock_upstream(std::span<const char* const> arguments) {
  mock::MockOptions options;
  std::string listen = "127.0.0.1:8000";
  CLI::App parser(
      "An OpenAI-compatible server that answers with deterministic words; for tests, benchmarks and the demo.");
  parser.add_option("--listen", listen, "HOST:PORT to listen on")->capture_default_str();
  parser.add_option("--model", options.models, "a model's name; repeatable")->capture_default_str();
  parser.add_option("--ttft-ms", options.ttft_ms, "time to the first token")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  parser.add_option("--token-ms", options.token_ms, "time between tokens")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  parser.add_option("--output-tokens", options.output_tokens, "tokens of an answer that nothing ends sooner")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  parser.add_option("--slots", options.slots, "requests served at once; the others wait; 0 = unlimited")
      ->capture_default_str();
  parser.add_option("--threads", options.threads, "event loops")->check(CLI::Range(1, 64))->capture_default_str();
  try {
    std::vector<const char*> words{"obleth mock-upstream"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    parser.parse(static_cast<int>(words.size()), words.data());
  } catch (const CLI::ParseError& error) {
    const int code = parser.exit(error);
    return code == 0 ? 0 : exit_misused;
  }
  const auto address = adapters::NetAddress::parse_with_port(listen);
  if (!address) {
    std::fprintf(stderr, "obleth: --listen must be HOST:PORT with a literal address, such as 127.0.0.1:8000\n");
    return exit_misused;
  }
  const ExitSignals signals;
  auto server = MockServer::start(*address, options);
  if (!server) {
    std::fprintf(stderr, "obleth: %s\n", server.error().message.c_str());
    return 1;
  }
  std::printf("obleth mock-upstream listening on %s\n", (*server)->address().text().c_str());
  std::fflush(stdout);
  signals.wait();
  return 0;
}

}  // namespace obleth::app
