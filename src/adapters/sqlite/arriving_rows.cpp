#include "adapters/sqlite/arriving_rows.hpp"

#include <array>
#include <new>
#include <string>
#include <string_view>
#include <tuple>

#include "adapters/sqlite/statement.hpp"
#include "adapters/sqlite/usage_head.hpp"
#include "adapters/sqlite/usage_rest.hpp"

namespace obleth::adapters {
namespace {

struct Column {
  std::string_view name;
  void (*give_of)(sqlite3_context*, const ArrivingRow&, std::string& packed);
};

// Texts and bytes are read where they stand: the row is inserted before any of them changes.
void give_place(sqlite3_context* column, const ArrivingRow& row, std::string& /*unused*/) {
  sqlite3_result_int64(column, row.place);
}
void give_client_request_id(sqlite3_context* column, const ArrivingRow& row, std::string& /*unused*/) {
  const std::string& id = row.record->client_request_id;
  sqlite3_result_text64(column, id.c_str(), id.size(), SQLITE_STATIC, SQLITE_UTF8);
}
void give_packed(sqlite3_context* column, const ArrivingRow& row, std::string& packed) {
  pack_head({row.numbers.tenant, row.numbers.key, row.numbers.kind, row.record->event_id}, packed);
  pack_rest(*row.record, row.numbers, packed);
  sqlite3_result_blob64(column, packed.data(), packed.size(), SQLITE_STATIC);
}

constexpr std::array columns{
    Column{"place", give_place},
    Column{"client_request_id", give_client_request_id},
    Column{"packed", give_packed},
};

std::string column_names() {
  std::string names;
  for (const Column& column : columns)
    names += (names.empty() ? "" : ", ") + std::string(column.name);
  return names;
}

}  // namespace

// What SQLite calls: sqlite.org/vtab.html. There is one table and one statement, so the place in it is the rows' own.
struct ArrivingRows::Module {
  struct Table : sqlite3_vtab {
    ArrivingRows* rows = nullptr;
  };
  static ArrivingRows& rows_of(sqlite3_vtab_cursor* cursor) { return *static_cast<Table*>(cursor->pVtab)->rows; }

  static int connect(sqlite3* database, ArrivingRows& rows, sqlite3_vtab** table) {
    auto* const made = new (std::nothrow) Table();
    if (made == nullptr) return SQLITE_NOMEM;
    made->rows = &rows;
    *table = made;
    return sqlite3_declare_vtab(database, rows.declaration_.c_str());
  }
  static int disconnect(sqlite3_vtab* table) {
    delete static_cast<Table*>(table);
    return SQLITE_OK;
  }
  static int plan(sqlite3_vtab*, sqlite3_index_info*) { return SQLITE_OK; }
  static int open(sqlite3_vtab*, sqlite3_vtab_cursor** cursor) {
    *cursor = new (std::nothrow) sqlite3_vtab_cursor();
    return *cursor == nullptr ? SQLITE_NOMEM : SQLITE_OK;
  }
  static int close(sqlite3_vtab_cursor* cursor) {
    delete cursor;
    return SQLITE_OK;
  }
  static int first(sqlite3_vtab_cursor* cursor, int, const char*, int, sqlite3_value**) {
    rows_of(cursor).at_ = 0;
    return SQLITE_OK;
  }
  static int next(sqlite3_vtab_cursor* cursor) {
    ++rows_of(cursor).at_;
    return SQLITE_OK;
  }
  static int is_over(sqlite3_vtab_cursor* cursor) {
    const ArrivingRows& rows = rows_of(cursor);
    return rows.at_ >= rows.rows_.size() ? 1 : 0;
  }
  static int column(sqlite3_vtab_cursor* cursor, sqlite3_context* column, int number) {
    ArrivingRows& rows = rows_of(cursor);
    try {
      columns[static_cast<std::size_t>(number)].give_of(column, rows.rows_[rows.at_], rows.packed_);
      return SQLITE_OK;
    } catch (const std::bad_alloc&) {  // SQLite is C: no exception may pass through it
      return SQLITE_NOMEM;
    }
  }
  static int row_id(sqlite3_vtab_cursor* cursor, sqlite3_int64* id) {
    *id = static_cast<sqlite3_int64>(rows_of(cursor).at_);
    return SQLITE_OK;
  }
  static void note_inserted(void* rows, int, const char*, const char*, sqlite3_int64) {
    auto& arriving = *static_cast<ArrivingRows*>(rows);
    arriving.rows_[arriving.at_].is_new = true;
  }

  static constexpr sqlite3_module functions = [] {
    sqlite3_module module{};  // without xCreate: it is there for whoever names it
    // After the rows: a count and the texts of the declaration, where the table goes, where a complaint would go.
    module.xConnect = [](sqlite3* database, void* rows, auto... rest) {
      return connect(database, *static_cast<ArrivingRows*>(rows), std::get<2>(std::tuple(rest...)));
    };
    module.xDisconnect = disconnect;
    module.xBestIndex = plan;
    module.xOpen = open;
    module.xClose = close;
    module.xFilter = first;
    module.xNext = next;
    module.xEof = is_over;
    module.xColumn = column;
    module.xRowid = row_id;
    return module;
  }();
};

ArrivingRows::ArrivingRows() {
  const std::string names = column_names();
  declaration_ = "CREATE TABLE arriving_rows (" + names + ")";
  insertion_ = "INSERT OR IGNORE INTO usage (" + names + ") SELECT " + names + " FROM arriving_rows";
}

void ArrivingRows::define_in(SqliteConnection& connection) {
  if (sqlite3_create_module_v2(connection.handle(), "arriving_rows", &Module::functions, this, nullptr) != SQLITE_OK) {
    connection.fail();
  }
}

void ArrivingRows::insert(SqliteConnection& connection, std::span<ArrivingRow> rows) {
  rows_ = rows;
  // SQLite tells of each row that it inserts while the statement still stands at it.
  sqlite3_update_hook(connection.handle(), Module::note_inserted, this);
  struct Unhook {
    sqlite3* database;
    ~Unhook() { sqlite3_update_hook(database, nullptr, nullptr); }
  } const unhook{connection.handle()};
  Statement(connection, insertion_).run();
}

}  // namespace obleth::adapters
