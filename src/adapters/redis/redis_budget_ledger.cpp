#include "adapters/redis/redis_budget_ledger.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "adapters/budget/claim_of.hpp"
#include "adapters/redis/budget_scripts.hpp"
#include "ports/handover.hpp"

namespace obleth::adapters {
namespace {

constexpr int attempts_max = 6;  // a late term, unknown spending, and a rest that others took meanwhile
constexpr Duration book_wait_max = std::chrono::milliseconds(250);

std::string number(std::int64_t value) {
  return std::to_string(value);
}

NanoUsd within_script(NanoUsd cost) {
  return {std::clamp<std::int64_t>(cost.value, 0, script_cost_max)};
}

std::string tokens_text(std::int64_t tokens) {
  return number(std::clamp<std::int64_t>(tokens, 0, script_tokens_max));
}

budget::Granted whole(const budget::Claim& claim) {
  return {.hold = {.expected_tokens = claim.expected_tokens, .bound = {claim.bound_tokens, claim.bound_cost}},
          .output_cap = {}};
}

std::string sequence_text(const ports::SettleTurn& turn) {
  return number(static_cast<std::int64_t>(turn.sequence));
}

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

Task<void> send_renewal(RedisLink& link, RedisScript::Input input) {
  const Result<RedisReply> renewed = co_await link.run(renew_script(), std::move(input));
  static_cast<void>(renewed);  // the next one comes long before the lifetime ends
}

}  // namespace

// A request that leaves while its reservation is under way takes it along.
class RedisBudgetLedger::Leaving {
 public:
  Leaving(RedisBudgetLedger& ledger, const Question& question) : ledger_(ledger), question_(question) {}
  Leaving(const Leaving&) = delete;
  Leaving& operator=(const Leaving&) = delete;
  ~Leaving() {
    if (!stays_ && question_.takes) ledger_.cancel(question_.request, question_.charged);
  }
  void stays() { stays_ = true; }

 private:
  RedisBudgetLedger& ledger_;
  const Question& question_;
  bool stays_ = false;
};

RedisBudgetLedger::RedisBudgetLedger(RedisLink& link, RedisBudgets& budgets)
    : link_(link),
      budgets_(budgets),
      bookings_(link, budgets.bookings_dropped),
      later_(link.loop(), [this](SpendingQuestion question) { return ask_again(std::move(question)); }) {}

std::string RedisBudgetLedger::state_key(TenantId tenant) const {
  return link_.server().key("budget:" + std::string(budget_layout) + ":{" + tenant.hex() + "}");
}

std::string RedisBudgetLedger::expiries_key(TenantId tenant) const {
  return state_key(tenant) + ":expiries";
}

std::string RedisBudgetLedger::now_argument() const {
  return budgets_.rules.uses_clock_of_process ? number(budgets_.clock.wall_now().unix_ms) : std::string();
}

Task<ports::ReserveOutcome> RedisBudgetLedger::reserve(const ports::ReserveRequest& request) {
  const std::vector<ChargedAccount> charged = charged_by(request);
  ports::ReserveOutcome outcome;
  if (charged.empty()) {
    outcome = grant_of(request.reservation, whole(claim_of(request)), {.accounts = {}, .names = {}, .now = {}});
  } else {
    outcome = co_await reserve_limited(request, charged);
  }
  if (!outcome.granted) co_return outcome;
  if (budgets_.rules.unsettled != nullptr) budgets_.rules.unsettled->began();
  if (charged.empty()) co_return outcome;
  std::vector<std::string>& fields = limited_[request.reservation];
  for (const ChargedAccount& each : charged)
    fields.push_back(each.field());
  co_return outcome;
}

Task<ports::ReserveOutcome> RedisBudgetLedger::reserve_limited(const ports::ReserveRequest& request,
                                                               const std::vector<ChargedAccount>& charged) {
  const budget::Claim claim = claim_of(request);
  Question question{.request = request, .charged = charged, .offer = whole(claim)};
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    const Answer answer = co_await ask(question);
    switch (answer.verdict) {
      case Verdict::taken:
        co_return grant(question, answer);
      case Verdict::late:
        break;
      case Verdict::unknown:
        if (attempt + 1 < attempts_max && !question.passes_unknown && budgets_.may_ask()) {
          co_await learn(request.tenant, charged, answer.states);
        }
        question.passes_unknown = attempt > 0 || !budgets_.may_ask();
        if (question.passes_unknown && !budgets_.rules.fail_open) co_return refused_by_store();
        break;
      case Verdict::fits_not: {
        std::vector<budget::Account> accounts;
        std::vector<budget::Account*> pointers;
        std::vector<const char*> names;
        const budget::Moment at{budgets_.clock.now(), budgets_.now()};
        for (std::size_t index = 0; index < charged.size(); ++index) {
          accounts.push_back(answer.states[index].account(charged[index].limits, at.now));
          names.push_back(charged[index].name);
        }
        for (budget::Account& account : accounts)
          pointers.push_back(&account);
        const budget::Decision decision = budget::decide(claim, pointers, at);
        if (const auto* refused = std::get_if<budget::Refused>(&decision)) {
          co_return refusal_of(*refused, {pointers, names, at.now});
        }
        question.offer = std::get<budget::Granted>(decision);
        break;
      }
      case Verdict::cancelled:
      case Verdict::no_answer:
        co_return reserve_spare(request, charged);
    }
  }
  co_return refused_by_store();
}

Task<RedisBudgetLedger::Answer> RedisBudgetLedger::ask(const Question& question) {
  const budget::Hold& hold = question.offer.hold;
  RedisScript::Input input{.keys = {state_key(question.request.tenant), expiries_key(question.request.tenant)},
                           .arguments = {now_argument(), question.request.reservation.hex(), question.takes ? "1" : "0",
                                         question.passes_unknown ? "1" : "0", tokens_text(hold.expected_tokens),
                                         tokens_text(hold.bound.tokens)}};
  append_cost(input.arguments, within_script(hold.bound.cost));
  const WallTime now = budgets_.now();
  for (const ChargedAccount& each : question.charged)
    append_account(input.arguments, each, now);
  Leaving leaving(*this, question);
  const Result<RedisReply> reply = co_await link_.run(reserve_script(), std::move(input));
  // What was sent and not answered may have been taken, or be taken yet.
  if (reply || reply.error().kind == FaultKind::unavailable) leaving.stays();
  co_return read(reply, question);
}

RedisBudgetLedger::Answer RedisBudgetLedger::read(const Result<RedisReply>& reply, const Question& question) {
  static const std::map<std::string_view, Verdict> verdicts{{"taken", Verdict::taken},
                                                            {"short", Verdict::fits_not},
                                                            {"unknown", Verdict::unknown},
                                                            {"late", Verdict::late},
                                                            {"cancelled", Verdict::cancelled}};
  Answer answer;
  if (!reply || !reply->is_array() || reply->items.size() < 2) return answer;
  const auto verdict = verdicts.find(reply->items[0].text);
  if (verdict == verdicts.end()) return answer;
  budgets_.heard_time({std::strtoll(reply->items[1].text.c_str(), nullptr, 10)});
  if (verdict->second == Verdict::late) return {.verdict = Verdict::late};
  if (reply->items.size() != 2 + question.charged.size()) return answer;
  for (std::size_t index = 0; index < question.charged.size(); ++index) {
    const std::optional<AccountState> state = AccountState::parse(reply->items[2 + index].text);
    if (!state) return {};
    answer.states.push_back(*state);
    budgets_.spare.learn(question.request.tenant, question.charged[index], *state, budgets_.clock.now());
  }
  answer.verdict = verdict->second;
  return answer;
}

ports::ReserveOutcome RedisBudgetLedger::grant(const Question& question, const Answer& answer) {
  const Instant now = budgets_.clock.now();
  std::vector<budget::Account> accounts;
  std::vector<budget::Account*> pointers;
  bool is_unknown = false;
  for (std::size_t index = 0; index < question.charged.size(); ++index) {
    const ChargedAccount& charged = question.charged[index];
    accounts.push_back(answer.states[index].account(charged.limits, now));
    accounts.back().take(question.offer.hold, now);
    is_unknown = is_unknown || answer.states[index].is_unknown;
    budgets_.spare.learn(question.request.tenant, charged, answer.states[index].after(question.offer.hold), now);
  }
  for (budget::Account& account : accounts)
    pointers.push_back(&account);
  ports::ReserveOutcome outcome = grant_of(question.request.reservation, question.offer, {pointers, {}, now});
  outcome.granted->unguarded = is_unknown;
  return outcome;
}

ports::ReserveOutcome RedisBudgetLedger::reserve_spare(const ports::ReserveRequest& request,
                                                       const std::vector<ChargedAccount>& charged) {
  if (!budgets_.rules.fail_open) return refused_by_store();
  return budgets_.spare.reserve(request, charged, {budgets_.clock.now(), budgets_.now()});
}

void RedisBudgetLedger::cancel(const ports::ReserveRequest& request, const std::vector<ChargedAccount>& charged) {
  RedisScript::Input input{
      .keys = {state_key(request.tenant), expiries_key(request.tenant), state_key(request.tenant) + ":none"},
      .arguments = {now_argument(), request.reservation.hex(), "0", "0", "0", "0", "1", "0", "1"}};
  for (const ChargedAccount& each : charged)
    input.arguments.push_back(each.field());
  bookings_.add(std::move(input));
}

// Those that it counted on, and those that have got a limit since.
std::vector<std::string> RedisBudgetLedger::fields_to_charge(const ports::SettleRequest& request) {
  std::vector<std::string> fields;
  if (const auto open = limited_.find(request.reservation); open != limited_.end()) {
    fields = std::move(open->second);
    limited_.erase(open);
  }
  for (const ports::SpendingAccount& account :
       {ports::SpendingAccount(request.key), ports::SpendingAccount(request.tenant)}) {
    std::string field = field_of(account);
    if (std::ranges::find(fields, field) != fields.end() || !budgets_.spare.knows(request.tenant, field)) continue;
    fields.push_back(std::move(field));
  }
  return fields;
}

WallTime RedisBudgetLedger::settle(const ports::SettleRequest& request) {
  if (budgets_.rules.unsettled != nullptr) budgets_.rules.unsettled->ended();
  const std::vector<std::string> fields = fields_to_charge(request);
  if (fields.empty()) return request.ended_at;
  budgets_.spare.settle(request, budgets_.clock.now());
  WallTime counted_at = request.ended_at;
  for (const std::string& field : fields)
    counted_at = std::max(counted_at, budgets_.spare.counted_from(request.tenant, field));
  RedisScript::Input input{.keys = {state_key(request.tenant), expiries_key(request.tenant),
                                    state_key(request.tenant) + ":stream:" + to_hex32({0, request.turn.stream})},
                           .arguments = {now_argument(), request.reservation.hex(), sequence_text(request.turn),
                                         tokens_text(request.used_tokens)}};
  append_cost(input.arguments, within_script(request.cost));
  input.arguments.insert(input.arguments.end(), {request.refund_request ? "1" : "0", number(counted_at.unix_ms), "0"});
  input.arguments.insert(input.arguments.end(), fields.begin(), fields.end());
  bookings_.add(std::move(input));
  return counted_at;
}

void RedisBudgetLedger::renew(std::span<const ports::HeldReservation> held) {
  if (!link_.is_up()) return;
  std::map<TenantId, std::vector<std::string>> by_tenant;
  for (const ports::HeldReservation& each : held)
    by_tenant[each.tenant].push_back(each.reservation.hex());
  for (auto& [tenant, reservations] : by_tenant) {
    RedisScript::Input input{.keys = {expiries_key(tenant)}, .arguments = {now_argument()}};
    std::ranges::move(reservations, std::back_inserter(input.arguments));
    spawn(send_renewal(link_, std::move(input)));
  }
}

Task<void> RedisBudgetLedger::learn(TenantId tenant, const std::vector<ChargedAccount>& charged,
                                    const std::vector<AccountState>& states) {
  for (std::size_t index = 0; index < charged.size(); ++index) {
    if (!states[index].is_unknown) continue;
    const ports::SpendingAccount account = charged[index].id;
    const RedisBudgets::Question question = budgets_.board(to_hex32(ports::bits_of(account)));
    // By itself, so that a request which leaves does not strand the others.
    const WallSpan span{states[index].term.begin, states[index].counted_from};
    if (question.is_new) spawn(look_up({tenant, account, span}, question.answered));
    const auto landed = std::make_shared<ports::Handover>(link_.loop());
    if (question.answered->wait(landed)) co_await landed->awaited();
  }
}

Task<void> RedisBudgetLedger::look_up(SpendingQuestion question, std::shared_ptr<ports::Gate> answered) {
  const Patience patience(budgets_, *answered, link_.loop());
  const std::string account = to_hex32(ports::bits_of(question.account));
  Result<ports::Spending> spent = co_await ask_book(question);
  if (budgets_.rules.checkpoints != nullptr) {
    const Result<std::optional<ports::Spending>> kept =
        co_await budgets_.rules.checkpoints->kept_spending(question.account, question.before.begin);
    if (kept && *kept) spent = spent ? most_of(*spent, **kept) : **kept;
  }
  if (spent) {
    co_await teach(question, *spent);
    later_.add(std::move(question));
  } else {
    budgets_.note_silence(spent.error().message);
  }
  budgets_.leave(account);
  answered->open();
}

Task<Result<ports::Spending>> RedisBudgetLedger::ask_book(SpendingQuestion question) {
  if (budgets_.rules.book == nullptr) co_return ports::Spending();
  co_return co_await budgets_.rules.book->spent(question.account, question.before);
}

// Of the book alone: the checkpoint goes on with what Redis has counted since.
Task<void> RedisBudgetLedger::ask_again(SpendingQuestion question) {
  const Result<ports::Spending> spent = co_await ask_book(question);
  if (spent) co_await teach(std::move(question), *spent);
}

Task<void> RedisBudgetLedger::teach(SpendingQuestion question, ports::Spending spent) {
  RedisScript::Input input{.keys = {state_key(question.tenant)},
                           .arguments = {field_of(question.account), number(question.before.end.unix_ms),
                                         number(question.before.begin.unix_ms),
                                         number(std::clamp<std::int64_t>(spent.tokens, 0, script_number_max))}};
  append_cost(input.arguments, spent.cost);
  const Result<RedisReply> learned = co_await link_.run(learn_script(), std::move(input));
  static_cast<void>(learned);  // asked for again where it was not
}

Task<std::optional<ports::BudgetStanding>> RedisBudgetLedger::standing(const ports::StandingQuestion& asked) {
  ports::ReserveRequest request{.tenant = asked.tenant, .timezone = asked.timezone};
  if (asked.key) request.key = *asked.key;
  (asked.key ? request.key_limits : request.tenant_limits) = asked.limits;
  const std::vector<ChargedAccount> charged = charged_by(request);
  if (charged.empty()) co_return ports::BudgetStanding();
  Question question{.request = request, .charged = charged, .takes = false};
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    const Answer answer = co_await ask(question);
    if (answer.verdict == Verdict::late) continue;
    if (answer.verdict == Verdict::no_answer) co_return std::nullopt;
    if (answer.verdict == Verdict::unknown) {
      if (attempt > 1 || !budgets_.may_ask()) co_return std::nullopt;
      co_await learn(asked.tenant, charged, answer.states);
      continue;
    }
    const AccountState& state = answer.states.front();
    ports::BudgetStanding standing{.held_tokens = state.held.tokens, .held_cost = state.held.cost};
    if (!state.has_budget) co_return standing;
    standing.used_tokens = state.spent.tokens;
    standing.used_cost = state.spent.cost;
    if (state.term.end.unix_ms < script_number_max) standing.resets_at = state.term.end;
    co_return standing;
  }
  co_return std::nullopt;
}

}  // namespace obleth::adapters
