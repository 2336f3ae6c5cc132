// The change feed of several replicas: what one publishes, every other hears over Redis within milliseconds.
//
// Listeners subscribe to the feed of their process. Publishing tells them at once; the others are told over a channel.
// Any thread; the others are told from one with a link to Redis.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "adapters/os/root_task.hpp"
#include "adapters/redis/redis_link.hpp"
#include "adapters/redis/redis_server.hpp"
#include "ports/change_feed.hpp"

namespace obleth::adapters {

class RedisChangeFeed final : public ports::ChangeFeed {
 public:
  // own_name: of this replica, random, without a space.
  RedisChangeFeed(RedisServer& server, ports::ChangeFeed& local, std::string own_name)
      : server_(server), local_(local), own_name_(std::move(own_name)) {}

  void publish(const ports::Change& change) override { local_.publish(change); }
  Task<Result<void>> tell_replicas(std::vector<ports::Change> changes) override;
  void subscribe(std::function<void(const ports::Change&)> listener) override { local_.subscribe(std::move(listener)); }

  [[nodiscard]] const std::string& own_name() const { return own_name_; }
  [[nodiscard]] std::string channel() const { return server_.key("changes"); }
  // What another replica told.
  void heard(std::string_view text);
  // It listens (again): what was told meanwhile was missed.
  void listening() { local_.publish(ports::EverythingChanged{}); }

 private:
  RedisServer& server_;
  ports::ChangeFeed& local_;
  const std::string own_name_;
};

// Listens for a feed, on one loop: a connection of its own, with a sign of life asked for when it is quiet.
class RedisChangeListener {
 public:
  RedisChangeListener(EpollLoop& loop, RedisServer& server, RedisChangeFeed& feed);

 private:
  RootTask keep_listening();
  Task<void> listen(RedisSession& session);

  EpollLoop& loop_;
  RedisServer& server_;
  RedisChangeFeed& feed_;
  RootTask listening_;
};

}  // namespace obleth::adapters
