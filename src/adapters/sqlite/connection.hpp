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

namespace obleth::adapters {

struct DatabaseFile {
  std::string path;            // ":memory:" = a database that dies with its connection
  std::int64_t bytes_max = 0;  // the file grows no larger; 0 = as the disk allows
  int lock_wait_ms = 5000;     // for another process's write, which is short
};

class SqliteConnection {
 public:
  explicit SqliteConnection(DatabaseFile file);
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  // Kept for the life of the connection: sql is one of the adapter's own few dozen texts.
  [[nodiscard]] sqlite3_stmt* prepared(std::string_view sql);
  // One or more statements without values: schema, pragmas, BEGIN and COMMIT.
  void execute(const char* script);
  [[nodiscard]] std::int64_t rows_changed() const;
  [[nodiscard]] bool in_transaction() const;
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

  void open();
  void switch_to_wal();
  void bound_size();

  DatabaseFile file_;
  std::unique_ptr<sqlite3, Close> database_;
  std::unordered_map<std::string, std::unique_ptr<sqlite3_stmt, Finalize>, TextHash, std::equal_to<>> statements_;
};

// All or nothing: what is not committed is rolled back.
class Transaction {
 public:
  enum class Kind { read, write };
  Transaction(SqliteConnection& connection, Kind kind);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();

  void commit();

 private:
  SqliteConnection& connection_;
};

}  // namespace obleth::adapters
