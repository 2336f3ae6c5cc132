// A connection to an SQL database, as the tables of the record use it: one text, its values, its rows.
//
// The texts are written once, in the words that SQLite and PostgreSQL have in common; placeholders are ? or ?N, a part
// of a text is found with instr(). A session turns them into its own database's words. Faults are thrown as
// StoreFailure. Thread: one at a time; who owns it, locks.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace obleth::adapters {

struct SqlNull {};
using SqlBytes = std::vector<std::uint8_t>;
using SqlValue = std::variant<SqlNull, std::int64_t, std::string, SqlBytes>;

// What a text answers. Before the first next() no row stands ready; columns count from 0.
class SqlRows {
 public:
  virtual ~SqlRows() = default;
  [[nodiscard]] virtual bool next() = 0;
  [[nodiscard]] virtual bool is_null(int column) const = 0;
  [[nodiscard]] virtual std::int64_t integer(int column) const = 0;
  // Views until the next call of next().
  [[nodiscard]] virtual std::string_view text(int column) const = 0;
  [[nodiscard]] virtual std::span<const std::uint8_t> bytes(int column) const = 0;
};

// read: all of one moment. write: nobody else writes meanwhile, in this process or another, so a check holds.
enum class TransactionKind : std::uint8_t { read, write };

class SqlSession {
 public:
  virtual ~SqlSession() = default;
  [[nodiscard]] virtual std::unique_ptr<SqlRows> ask(std::string_view sql, std::span<const SqlValue> values) = 0;
  // By the last text that was asked to its end.
  [[nodiscard]] virtual std::int64_t rows_changed() const = 0;

 private:
  friend class Transaction;
  virtual void begin(TransactionKind kind) = 0;
  virtual void commit() = 0;
  virtual void roll_back() noexcept = 0;  // where there is something to roll back
};

// All or nothing: what is not committed is rolled back.
class Transaction {
 public:
  using Kind = TransactionKind;
  Transaction(SqlSession& session, Kind kind) : session_(session) { session_.begin(kind); }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction() {
    if (!committed_) session_.roll_back();
  }

  void commit() {
    session_.commit();
    committed_ = true;
  }

 private:
  SqlSession& session_;
  bool committed_ = false;
};

}  // namespace obleth::adapters
