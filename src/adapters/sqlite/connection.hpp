// One open SQLite database with its prepared statements.
//
// WAL with synchronous=FULL: a commit that was answered survives a killed process and a power loss.
// Faults are thrown as StoreFailure. Thread: one at a time; who owns it, locks.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "adapters/sql/session.hpp"

namespace obleth::adapters {

struct DatabaseFile {
  std::string path;            // ":memory:" = a database that dies with its connection
  std::int64_t bytes_max = 0;  // the file grows no larger; 0 = as the disk allows
  int lock_wait_ms = 5000;     // for another process's write, which is short
};

class SqliteConnection final : public SqlSession {
 public:
  explicit SqliteConnection(DatabaseFile file);
  ~SqliteConnection() override = default;
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  // Kept for the life of the connection: sql is one of the adapter's own few dozen texts.
  [[nodiscard]] sqlite3_stmt* prepared(std::string_view sql);
  // One or more statements without values: schema, pragmas, BEGIN and COMMIT.
  void execute(const char* script);
  [[nodiscard]] std::unique_ptr<SqlRows> ask(std::string_view sql, std::span<const SqlValue> values) override;
  [[nodiscard]] std::int64_t rows_changed() const override;
  [[nodiscard]] sqlite3* handle() const { return database_.get(); }  // for what has no word here
  [[noreturn]] void fail() const;

 private:
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  void begin(TransactionKind kind) override;
  void commit() override;
  void roll_back() noexcept override;
  void open();
  void switch_to_wal();
  void bound_size();

  DatabaseFile file_;
  std::unique_ptr<sqlite3, Close> database_;
  std::unordered_map<std::string, std::unique_ptr<sqlite3_stmt, Finalize>, TextHash, std::equal_to<>> statements_;
};

}  // namespace obleth::adapters
