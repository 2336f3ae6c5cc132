#include "adapters/redis/spending_checks.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "adapters/redis/budget_scripts.hpp"
#include "ports/handover.hpp"

namespace obleth::adapters {
namespace {

constexpr Duration book_wait_max = std::chrono::milliseconds(250);
constexpr int rebuilds_max = 4;  // another replica may begin to count anew while the book is asked

// A row that another replica has not delivered is in the checkpoint; one of the last seconds is in the book.
ports::Spending most_of(const ports::Spending& book, const ports::Spending& kept) {
  return {.tokens = std::max(book.tokens, kept.tokens), .cost = std::max(book.cost, kept.cost)};
}

// Lets those who wait go on when their time is up.
class Patience final : private ports::Timer {
 public:
  Patience(RedisBudgets& budgets, ports::Gate& gate, ports::Loop& loop) : budgets_(budgets), gate_(gate), loop_(loop) {
    loop_.arm(*this, loop_.now() + book_wait_max);
  }
  ~Patience() { loop_.disarm(*this); }

 private:
  void expired() override {
    budgets_.note_silence("no answer within 250 ms");
    gate_.open();
  }
  RedisBudgets& budgets_;
  ports::Gate& gate_;
  ports::Loop& loop_;
};

}  // namespace

Task<void> SpendingChecks::check(TenantId tenant, const std::vector<ChargedAccount>& charged,
                                 const std::vector<AccountState>& states) {
  for (std::size_t index = 0; index < charged.size(); ++index) {
    const ports::SpendingAccount account = charged[index].id;
    if (budgets_.known_spending(account, states[index]) != RedisBudgets::Known::nothing) continue;
    const RedisBudgets::Question question = budgets_.board(to_hex32(ports::bits_of(account)));
    // By itself, so that a request which leaves does not strand the others.
    const WallSpan span{states[index].term.begin, states[index].counted_from};
    if (question.is_new) spawn(look_up({tenant, account, span}, question.answered));
    const auto landed = std::make_shared<ports::Handover>(link_.loop());
    if (question.answered->wait(landed)) co_await landed->awaited();
  }
}

Task<void> SpendingChecks::look_up(SpendingQuestion question, std::shared_ptr<ports::Gate> answered) {
  const Patience patience(budgets_, *answered, link_.loop());
  const std::string account = to_hex32(ports::bits_of(question.account));
  const CheckedAccounts::Round round = budgets_.checked.round();
  co_await renewals_.renew_all_of(question.tenant);
  bool is_settled = false;
  for (int attempt = 0; attempt < rebuilds_max && !is_settled; ++attempt)
    is_settled = co_await rebuild(question, round);
  budgets_.leave(account);
  answered->open();
}

// False: another replica began to count anew meanwhile.
Task<bool> SpendingChecks::rebuild(SpendingQuestion question, CheckedAccounts::Round round) {
  // Asked first: what it has was settled before the account begins to count anew. Where another replica has long begun
  // to, it knew the checkpoint, which has since gone on with what Redis counts.
  std::optional<ports::Spending> kept = co_await ask_checkpoints(question);
  const std::optional<Recounted> recounted = co_await recount(question, round.since);
  if (!recounted) co_return true;
  const AccountState& state = recounted->state;
  if (kept && !recounted->counts_anew) kept = ports::Spending();
  const bool is_same_term = state.term.begin == question.before.begin;
  question.before = {state.term.begin, state.counted_from};
  Result<ports::Spending> spent = co_await ask_book(question);
  const bool by_book = spent.has_value();
  if (kept && is_same_term) spent = spent ? most_of(*spent, *kept) : *kept;
  if (!spent) {
    budgets_.note_silence(spent.error().message);
    co_return true;
  }
  const Taught taught = co_await teach(question, *spent);
  if (taught != Taught::learned) co_return taught == Taught::not_answered;
  budgets_.checked.note(question.account, round, {.counted_from = question.before.end, .by_book = by_book});
  later_.add(std::move(question));
  co_return true;
}

// What ends in this process from then on bears the new moment.
Task<std::optional<SpendingChecks::Recounted>> SpendingChecks::recount(SpendingQuestion question, WallTime before) {
  RedisScript::Input input{
      .keys = {budget_key(link_.server(), question.tenant)},
      .arguments = {budgets_.time_for_scripts(), field_of(question.account), std::to_string(before.unix_ms)}};
  const Result<RedisReply> reply = co_await link_.run(recount_script(), std::move(input));
  if (!reply || !reply->is_array() || reply->items.size() != 2) co_return std::nullopt;
  const std::optional<AccountState> state = AccountState::parse(reply->items[1].text);
  if (!state) co_return std::nullopt;
  const ChargedAccount account{.id = question.account, .limits = {}, .timezone = {}};
  budgets_.spare.learn(question.tenant, account, *state, budgets_.clock.now());
  co_return Recounted{.state = *state, .counts_anew = reply->items[0].text == "anew"};
}

Task<Result<ports::Spending>> SpendingChecks::ask_book(SpendingQuestion question) {
  if (budgets_.rules.book == nullptr || question.before.end <= question.before.begin) co_return ports::Spending();
  co_return co_await budgets_.rules.book->spent(question.account, question.before);
}

Task<std::optional<ports::Spending>> SpendingChecks::ask_checkpoints(SpendingQuestion question) {
  if (budgets_.rules.checkpoints == nullptr) co_return std::nullopt;
  const Result<std::optional<ports::Spending>> kept =
      co_await budgets_.rules.checkpoints->kept_spending(question.account, question.before.begin);
  co_return kept ? *kept : std::nullopt;
}

// Of the book alone: the checkpoint goes on with what Redis has counted since.
Task<bool> SpendingChecks::ask_again(SpendingQuestion question) {
  const Result<ports::Spending> spent = co_await ask_book(question);
  if (!spent) co_return false;
  const Taught taught = co_await teach(question, *spent);
  if (taught == Taught::learned) budgets_.checked.confirm(question.account, question.before.end);
  co_return taught != Taught::not_answered;  // whoever moved it has asked since
}

Task<SpendingChecks::Taught> SpendingChecks::teach(SpendingQuestion question, ports::Spending spent) {
  RedisScript::Input input{.keys = {budget_key(link_.server(), question.tenant)},
                           .arguments = {field_of(question.account), std::to_string(question.before.end.unix_ms),
                                         std::to_string(question.before.begin.unix_ms)}};
  append_amount(input.arguments, {std::clamp<std::int64_t>(spent.tokens, 0, script_number_max), spent.cost});
  const Result<RedisReply> reply = co_await link_.run(learn_script(), std::move(input));
  if (!reply) co_return Taught::not_answered;
  co_return reply->text == "learned" ? Taught::learned : Taught::moved;
}

}  // namespace obleth::adapters
