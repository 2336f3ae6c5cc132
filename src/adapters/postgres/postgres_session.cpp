#include "adapters/postgres/postgres_session.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "adapters/postgres/portable_text.hpp"
#include "adapters/postgres/postgres_fault.hpp"
#include "adapters/sql/store_failure.hpp"
#include "observe/log.hpp"

namespace obleth::adapters {
namespace {

constexpr int binary = 1;
constexpr std::size_t integer_bytes = 8;
// From pg_type: libpq has no header for them.
constexpr Oid bigint_type = 20;
constexpr Oid bytea_type = 17;
constexpr Oid text_type = 25;
constexpr Oid type_by_use = 0;

// A replica that stops in the middle of a write keeps the others from writing for this long.
constexpr const char* session_settings =
    "SET idle_in_transaction_session_timeout = '5s'; SET lock_timeout = '1500ms'; SET statement_timeout = '5s'";
// One number for all writes to the record, in every replica: what is checked in a write holds until its end.
constexpr const char* begin_write = "BEGIN; SELECT pg_advisory_xact_lock(8030593374890878068)";
constexpr const char* begin_read = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

std::string first_line(const char* message) {
  std::string line(message == nullptr ? "" : message);
  line.resize(std::min(line.find('\n'), line.size()));
  return line.empty() ? "no answer" : line;
}

// What a server says beside its answers; libpq would write it on stderr as it is.
void log_notice(void*, const char* message) {
  observe::log(observe::LogLevel::debug, "PostgreSQL says", {{"notice", first_line(message)}});
}

// For the passphrase of a client's key libpq knows the URL's sslpassword; without one it would ask the terminal.
void ask_nobody_for_passphrases() {
  [[maybe_unused]] static const bool once = [] {
    PQsetSSLKeyPassHook_OpenSSL(PQdefaultSSLKeyPassHook_OpenSSL);
    return true;
  }();
}

// A text's values in libpq's shape.
class BoundValues {
 public:
  explicit BoundValues(std::span<const SqlValue> values) {
    integers_.reserve(values.size());
    for (const SqlValue& value : values)
      std::visit([this](const auto& each) { add(each); }, value);
  }
  [[nodiscard]] int count() const { return static_cast<int>(types_.size()); }
  [[nodiscard]] const Oid* types() const { return types_.data(); }
  [[nodiscard]] const char* const* values() const { return values_.data(); }
  [[nodiscard]] const int* lengths() const { return lengths_.data(); }
  [[nodiscard]] const int* formats() const { return formats_.data(); }

 private:
  void add(SqlNull) { add(type_by_use, nullptr, 0); }
  void add(std::int64_t number) {
    std::string bytes(integer_bytes, '\0');
    for (std::size_t at = 0; at < integer_bytes; ++at)
      bytes[at] = static_cast<char>(static_cast<std::uint64_t>(number) >> (56 - 8 * at));
    integers_.push_back(std::move(bytes));
    add(bigint_type, integers_.back().data(), integer_bytes);
  }
  void add(const std::string& text) { add(text_type, text.data(), text.size()); }
  void add(const SqlBytes& bytes) { add(bytea_type, reinterpret_cast<const char*>(bytes.data()), bytes.size()); }
  void add(Oid type, const char* value, std::size_t length) {
    types_.push_back(type);
    values_.push_back(value);
    lengths_.push_back(static_cast<int>(length));
    formats_.push_back(binary);
  }

  std::vector<std::string> integers_;
  std::vector<Oid> types_;
  std::vector<const char*> values_;
  std::vector<int> lengths_;
  std::vector<int> formats_;
};

}  // namespace

void PostgresSession::connect() {
  if (connected()) return;
  ask_nobody_for_passphrases();
  may_try_again_ = false;
  committing_ = false;
  const Deadline deadline = std::chrono::steady_clock::now() + deadlines_.connect;
  const Result<PostgresAddress::Parameters> parameters = address_.with_addresses(deadlines_.connect);
  if (!parameters) lose(parameters.error().message, true);
  std::vector<const char*> keywords;
  std::vector<std::string> texts;
  for (const auto& [keyword, value] : *parameters)
    texts.emplace_back(value.reveal());
  std::vector<const char*> values;
  for (std::size_t at = 0; at < texts.size(); ++at) {
    keywords.push_back((*parameters)[at].first.c_str());
    values.push_back(texts[at].c_str());
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  connection_.reset(PQconnectStartParams(keywords.data(), values.data(), 0));
  if (!connection_) lose("no memory for a connection", false);
  PQsetNoticeProcessor(connection_.get(), log_notice, nullptr);
  PostgresPollingStatusType state = PGRES_POLLING_WRITING;
  while (state != PGRES_POLLING_OK) {
    if (state == PGRES_POLLING_FAILED || PQstatus(connection_.get()) == CONNECTION_BAD) {
      lose(first_line(PQerrorMessage(connection_.get())), true);
    }
    wait_for(state == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline);
    state = PQconnectPoll(connection_.get());
  }
  PQsetnonblocking(connection_.get(), 1);
  execute(session_settings);
}

void PostgresSession::lose(const std::string& why, bool timed_out) {
  may_try_again_ = !timed_out && !committing_;
  const std::string doubt = committing_ ? " (the change may have been made)" : "";
  committing_ = false;
  connection_.reset();
  throw StoreFailure(
      store_fault(FaultKind::unavailable, "the database " + address_.shown() + " cannot be reached: " + why + doubt));
}

void PostgresSession::wait_for(short events, Deadline deadline) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) lose("it did not answer in time", true);
    pollfd watched{.fd = PQsocket(connection_.get()), .events = events, .revents = 0};
    const int ready = ::poll(&watched, 1, static_cast<int>(left.count()));
    if (ready > 0) return;
    if (ready < 0 && errno != EINTR) lose("waiting for it failed", true);
  }
}

void PostgresSession::receive(Deadline deadline) {
  wait_for(POLLIN, deadline);
  if (PQconsumeInput(connection_.get()) == 0) lose(first_line(PQerrorMessage(connection_.get())), false);
}

void PostgresSession::send_all(Deadline deadline) {
  while (true) {
    const int left = PQflush(connection_.get());
    if (left == 0) return;
    if (left < 0) lose(first_line(PQerrorMessage(connection_.get())), false);
    wait_for(POLLIN | POLLOUT, deadline);
    if (PQconsumeInput(connection_.get()) == 0) lose(first_line(PQerrorMessage(connection_.get())), false);
  }
}

PostgresResult PostgresSession::last_result(Deadline deadline) {
  PostgresResult last;
  while (true) {
    while (PQisBusy(connection_.get()) != 0)
      receive(deadline);
    PostgresResult next(PQgetResult(connection_.get()));
    if (!next) return last;
    // The first error counts: what follows it is not done.
    if (!last || PQresultStatus(last.get()) != PGRES_FATAL_ERROR) last = std::move(next);
  }
}

PostgresResult PostgresSession::checked(PostgresResult result) {
  const ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) return result;
  const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
  const bool is_ending = state != nullptr && std::string_view(state).starts_with("57P");  // shut down, or told to go
  if (is_ending || PQstatus(connection_.get()) == CONNECTION_BAD) {
    lose(first_line(PQresultErrorMessage(result.get())), false);
  }
  may_try_again_ = state != nullptr && was_in_conflict(state);
  committing_ = false;
  throw StoreFailure(fault_of_state(state == nullptr ? "" : state,
                                    first_line(PQresultErrorField(result.get(), PG_DIAG_MESSAGE_PRIMARY))));
}

std::unique_ptr<SqlRows> PostgresSession::ask(std::string_view sql, std::span<const SqlValue> values) {
  const Deadline deadline = std::chrono::steady_clock::now() + deadlines_.statement;
  const BoundValues bound(values);
  if (!connected()) lose("there is no connection", false);
  if (PQsendQueryParams(connection_.get(), in_postgres_words(sql).c_str(), bound.count(), bound.types(), bound.values(),
                        bound.lengths(), bound.formats(), binary) == 0) {
    lose(first_line(PQerrorMessage(connection_.get())), false);
  }
  send_all(deadline);
  PostgresResult result = checked(last_result(deadline));
  rows_changed_ = std::strtoll(PQcmdTuples(result.get()), nullptr, 10);
  return std::make_unique<ResultRows>(std::move(result));
}

void PostgresSession::execute(const std::string& script, Duration at_most) {
  const Deadline deadline = std::chrono::steady_clock::now() + at_most;
  if (!connected()) lose("there is no connection", false);
  if (PQsendQuery(connection_.get(), script.c_str()) == 0) lose(first_line(PQerrorMessage(connection_.get())), false);
  send_all(deadline);
  static_cast<void>(checked(last_result(deadline)));
}

std::vector<std::string> PostgresSession::heard(Duration at_most) {
  pollfd watched{.fd = PQsocket(connection_.get()), .events = POLLIN, .revents = 0};
  const auto wait_ms = std::chrono::ceil<std::chrono::milliseconds>(at_most).count();
  if (::poll(&watched, 1, static_cast<int>(wait_ms)) > 0 && PQconsumeInput(connection_.get()) == 0) {
    lose(first_line(PQerrorMessage(connection_.get())), false);
  }
  std::vector<std::string> texts;
  while (PGnotify* note = PQnotifies(connection_.get())) {
    texts.emplace_back(note->extra == nullptr ? "" : note->extra);
    PQfreemem(note);
  }
  return texts;
}

// One that did not get its turn to write has begun all the same, and nobody has it to roll it back.
void PostgresSession::begin(TransactionKind kind) {
  try {
    execute(kind == TransactionKind::write ? begin_write : begin_read);
  } catch (...) {
    roll_back();
    throw;
  }
}

void PostgresSession::commit() {
  committing_ = true;
  execute("COMMIT");
  committing_ = false;
}

void PostgresSession::roll_back() noexcept {
  // A connection that is gone, or that the server has given up, takes its transaction with it.
  if (!connected() || PQtransactionStatus(connection_.get()) == PQTRANS_IDLE) return;
  try {
    execute("ROLLBACK");
  } catch (...) {
    disconnect();
  }
}

}  // namespace obleth::adapters
