// One connection to PostgreSQL, on which nothing waits longer than its deadline.
//
// A server that does not answer in time costs the caller the deadline and the connection: what it was asked may still
// happen, so the connection is closed and the fault says unavailable. Faults are thrown as StoreFailure.
// Thread: its owner's, which may block.
#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/postgres/postgres_address.hpp"
#include "adapters/postgres/result_rows.hpp"
#include "adapters/sql/session.hpp"
#include "base/instant.hpp"

namespace obleth::adapters {

struct PostgresDeadlines {
  Duration connect = std::chrono::seconds(2);
  Duration statement = std::chrono::seconds(2);
};

class PostgresSession final : public SqlSession {
 public:
  PostgresSession(const PostgresAddress& address, PostgresDeadlines deadlines)
      : address_(address), deadlines_(deadlines) {}
  ~PostgresSession() override = default;
  PostgresSession(const PostgresSession&) = delete;
  PostgresSession& operator=(const PostgresSession&) = delete;

  void connect();  // does nothing where there is a connection
  void disconnect() { connection_.reset(); }
  [[nodiscard]] bool connected() const { return connection_ != nullptr; }

  // After a fault: the work that met it has certainly not been committed, and nothing waited for a deadline.
  [[nodiscard]] bool may_try_again() const { return may_try_again_; }

  [[nodiscard]] std::unique_ptr<SqlRows> ask(std::string_view sql, std::span<const SqlValue> values) override;
  [[nodiscard]] std::int64_t rows_changed() const override { return rows_changed_; }
  // One or more texts without values.
  void execute(const std::string& script) { execute(script, deadlines_.statement); }
  void execute(const std::string& script, Duration at_most);

  // What LISTEN has brought, or nothing after at_most. For a connection that is used for nothing else.
  [[nodiscard]] std::vector<std::string> heard(Duration at_most);

 private:
  using Deadline = std::chrono::steady_clock::time_point;
  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };

  void begin(TransactionKind kind) override;
  void commit() override;
  void roll_back() noexcept override;

  void send_all(Deadline deadline);
  void receive(Deadline deadline);
  [[nodiscard]] PostgresResult last_result(Deadline deadline);
  [[nodiscard]] PostgresResult checked(PostgresResult result);
  // Returns what has happened; throws where nothing has until the deadline.
  void wait_for(short events, Deadline deadline);
  [[noreturn]] void lose(const std::string& why, bool timed_out);

  const PostgresAddress& address_;
  PostgresDeadlines deadlines_;
  std::unique_ptr<PGconn, Finish> connection_;
  std::int64_t rows_changed_ = 0;
  bool committing_ = false;
  bool may_try_again_ = false;
};

}  // namespace obleth::adapters
