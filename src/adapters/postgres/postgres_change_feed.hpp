// Changes of the configuration between replicas that share a PostgreSQL database: LISTEN and NOTIFY. Listeners
// subscribe to the feed of their process, through which what other replicas tell is published, too.
//
// Listening has a session and a thread of its own. It asks for the configuration's version every few seconds, which
// finds a connection that is dead; after a new connection, LISTEN comes first and the version is compared then: if it
// has moved, everything is taken to have changed. publish() and subscribe(): any thread; what other replicas tell is
// called on a thread of the feed's own. End it before those whom it calls.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "adapters/postgres/postgres_record_store.hpp"
#include "base/strong_id.hpp"
#include "ports/change_feed.hpp"

namespace obleth::adapters {

struct FeedSettings {
  Bits128 replica;  // of this process, so that it does not hear itself
  PostgresDeadlines deadlines;
  Duration ask_every = std::chrono::seconds(3);
  Duration retry_pause = std::chrono::milliseconds(500);
};

class PostgresChangeFeed final : public ports::ChangeFeed {
 public:
  // store: tells the others; local: the feed of this process. Both outlive this.
  PostgresChangeFeed(PostgresRecordStore& store, ports::ChangeFeed& local, PostgresAddress address,
                     FeedSettings settings);
  PostgresChangeFeed(const PostgresChangeFeed&) = delete;
  PostgresChangeFeed& operator=(const PostgresChangeFeed&) = delete;
  ~PostgresChangeFeed() override;  // nobody is called any more when it returns

  void publish(const ports::Change& change) override { local_.publish(change); }
  Task<Result<void>> tell_replicas(std::vector<ports::Change> changes) override;
  void subscribe(std::function<void(const ports::Change&)> listener) override;

 private:
  void listen_until_stopped();
  void listen(PostgresSession& session);
  void compare_version(PostgresSession& session);
  void hear(std::string_view text);

  PostgresRecordStore& store_;
  ports::ChangeFeed& local_;
  const PostgresAddress address_;
  const FeedSettings settings_;
  std::optional<std::int64_t> version_;  // as last seen; the thread's own
  std::atomic<bool> stopping_ = false;
  std::thread thread_;  // last: it starts when everything above stands
};

}  // namespace obleth::adapters
