#include "adapters/postgres/postgres_change_feed.hpp"

#include <algorithm>
#include <utility>

#include "adapters/sql/record_writer.hpp"
#include "adapters/sql/store_failure.hpp"
#include "observe/log.hpp"
#include "ports/change_text.hpp"

namespace obleth::adapters {
namespace {

constexpr const char* channel = "obleth_changes";
constexpr Duration look_up_every = std::chrono::milliseconds(100);  // whether it is told to stop
constexpr Duration complaint_period = std::chrono::minutes(1);

}  // namespace

PostgresChangeFeed::PostgresChangeFeed(PostgresRecordStore& store, ports::ChangeFeed& local, PostgresAddress address,
                                       FeedSettings settings)
    : store_(store), local_(local), address_(std::move(address)), settings_(settings), thread_([this] {
        listen_until_stopped();
      }) {}

PostgresChangeFeed::~PostgresChangeFeed() {
  stopping_ = true;
  thread_.join();
}

Task<Result<void>> PostgresChangeFeed::tell_replicas(std::vector<ports::Change> changes) {
  std::vector<std::string> texts;
  for (const ports::Change& change : changes)
    texts.push_back(to_hex32(settings_.replica) + " " + ports::text_of_change(change));
  return store_.notify(channel, std::move(texts));
}

void PostgresChangeFeed::subscribe(std::function<void(const ports::Change&)> listener) {
  local_.subscribe(std::move(listener));
}

void PostgresChangeFeed::hear(std::string_view text) {
  if (ports::take_word(text) == to_hex32(settings_.replica)) return;
  local_.publish(ports::change_of_text(text));
}

void PostgresChangeFeed::compare_version(PostgresSession& session) {
  const auto now = static_cast<std::int64_t>(configuration_version(session));
  const std::optional<std::int64_t> before = std::exchange(version_, now);
  if (before && *before != now) local_.publish(ports::EverythingChanged{});
}

void PostgresChangeFeed::listen(PostgresSession& session) {
  session.connect();
  session.execute(std::string("LISTEN ") + channel);
  compare_version(session);
  auto next_question = std::chrono::steady_clock::now() + settings_.ask_every;
  while (!stopping_) {
    for (const std::string& text : session.heard(look_up_every))
      hear(text);
    if (std::chrono::steady_clock::now() < next_question) continue;
    // Its own changes and those that it has heard are in it: only what a dead connection missed must tell.
    version_ = static_cast<std::int64_t>(configuration_version(session));
    next_question = std::chrono::steady_clock::now() + settings_.ask_every;
  }
}

void PostgresChangeFeed::listen_until_stopped() {
  PostgresSession session(address_, settings_.deadlines);
  while (!stopping_) {
    try {
      listen(session);
    } catch (...) {
      const Fault fault = fault_of_thrown(std::current_exception());
      observe::log_once_per(complaint_period, observe::LogLevel::warn, "changes of other replicas are not heard",
                            fault.message);
      session.disconnect();
    }
    const auto until = std::chrono::steady_clock::now() + settings_.retry_pause;
    while (!stopping_ && std::chrono::steady_clock::now() < until)
      std::this_thread::sleep_for(look_up_every);
  }
}

}  // namespace obleth::adapters
