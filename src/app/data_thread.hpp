// What one thread of the data plane owns: its way upstream, its journal, its request path, its share of the listener's
// connections.
//
// Made and destroyed on its own loop's thread (LoopThread).
#pragma once

#include "adapters/http_client/http_client.hpp"
#include "adapters/http_server/http_server.hpp"
#include "adapters/redis/redis_budget_ledger.hpp"
#include "adapters/redis/redis_link.hpp"
#include "adapters/spool/spool_writer.hpp"
#include "app/house.hpp"
#include "gateway/request_path.hpp"
#include "mcp/mcp_path.hpp"

namespace obleth::app {

class DataThread {
 public:
  DataThread(adapters::EpollLoop& loop, House& house, adapters::HttpListener& listener)
      : loop_(loop),
        house_(house),
        redis_(house.redis ? std::make_unique<adapters::RedisLink>(loop, house.redis->server) : nullptr),
        upstream_(loop, house.dialer),
        journal_(loop, *house.spool),
        budgets_(redis_ ? std::make_unique<adapters::RedisBudgetLedger>(*redis_, *house.shared_budgets) : nullptr),
        policy_(house.policies),
        path_(loop, house.services({policy_, upstream_, journal_, ledger()})),
        mcp_path_(loop, house.services({policy_, upstream_, journal_, ledger()}), house.mcp_services(), path_),
        server_(loop, listener, mcp_path_) {
    house_.desk.attach(loop_);
  }
  ~DataThread() {
    if (redis_) redis_->close();  // while all that waits for it is there
    house_.desk.detach(loop_);
  }
  DataThread(const DataThread&) = delete;
  DataThread& operator=(const DataThread&) = delete;

  void drain() {
    mcp_path_.drain();
    server_.drain();
  }
  // Answers under way are broken off: their clients get one error event.
  void break_off() { upstream_.close_all(); }
  void close_all() { server_.close_all(); }

 private:
  [[nodiscard]] ports::BudgetLedger& ledger() {
    if (budgets_) return *budgets_;
    return house_.ledger;
  }

  adapters::EpollLoop& loop_;
  House& house_;
  std::unique_ptr<adapters::RedisLink> redis_;  // null where none is configured
  adapters::HttpClient upstream_;
  adapters::SpoolWriter journal_;
  std::unique_ptr<adapters::RedisBudgetLedger> budgets_;  // null: those of the process
  gateway::ThreadPolicy policy_;
  gateway::RequestPath path_;
  mcp::McpPath mcp_path_;
  adapters::HttpServer server_;
};

}  // namespace obleth::app
