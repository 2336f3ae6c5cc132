#include "adapters/redis/redis_budget_ledger.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "adapters/budget/claim_of.hpp"
#include "adapters/redis/budget_scripts.hpp"

namespace obleth::adapters {
namespace {

constexpr int attempts_max = 6;  // a late term, unknown spending, and a rest that others took meanwhile

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

std::string sequence_text(std::uint64_t sequence) {
  return number(static_cast<std::int64_t>(sequence));
}

// The accounts of a request as Redis told them, for core/budget.
class ToldAccounts {
 public:
  ToldAccounts(const std::vector<ChargedAccount>& charged, const std::vector<AccountState>& states, Instant now)
      : now_(now) {
    for (std::size_t index = 0; index < charged.size(); ++index) {
      accounts_.push_back(states[index].account(charged[index].limits, now));
      names_.push_back(charged[index].name);
    }
    for (budget::Account& account : accounts_)
      pointers_.push_back(&account);
  }
  ToldAccounts(const ToldAccounts&) = delete;
  ToldAccounts& operator=(const ToldAccounts&) = delete;
  [[nodiscard]] DecidedAccounts decided() const { return {pointers_, names_, now_}; }

 private:
  Instant now_;
  std::vector<budget::Account> accounts_;
  std::vector<budget::Account*> pointers_;
  std::vector<const char*> names_;
};

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
      renewals_(link, budgets),
      checks_(link, budgets, renewals_) {
  link_.watch([this](bool is_open) { note_connection(is_open); });
}

// Before whoever waits for an answer goes on: what he asks next is looked at anew.
void RedisBudgetLedger::note_connection(bool is_open) {
  if (is_open) {
    renewals_.renew(budgets_.holds.of_loop(&link_.loop()));
  } else {
    budgets_.checked.begin_round();
  }
}

std::vector<std::string> RedisBudgetLedger::keys_of(TenantId tenant) const {
  return {budget_key(link_.server(), tenant), budget_expiries_key(link_.server(), tenant)};
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
  co_return outcome;
}

Task<ports::ReserveOutcome> RedisBudgetLedger::reserve_limited(const ports::ReserveRequest& request,
                                                               const std::vector<ChargedAccount>& charged) {
  Question question{.request = request, .charged = charged, .offer = whole(claim_of(request))};
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    const Answer answer = co_await ask(question);
    switch (answer.verdict) {
      case Verdict::taken:
        co_return grant(question, answer);
      case Verdict::late:
        break;
      case Verdict::unknown:
        if (attempt + 1 < attempts_max && !question.passes_unknown && budgets_.may_ask()) {
          co_await checks_.check(request.tenant, charged, answer.states);
        }
        question.passes_unknown = attempt > 0 || !budgets_.may_ask();
        if (question.passes_unknown && !budgets_.fail_open.load(std::memory_order_relaxed))
          co_return refused_by_store();
        break;
      case Verdict::fits_not: {
        std::optional<ports::ReserveOutcome> refused = offer_less(question, answer);
        if (refused) co_return std::move(*refused);
        break;
      }
      case Verdict::cancelled:
      case Verdict::no_answer:
        co_return reserve_spare(question, answer.may_come_late);
    }
  }
  co_return refused_by_store();
}

Task<RedisBudgetLedger::Answer> RedisBudgetLedger::ask(const Question& question) {
  const budget::Hold& hold = question.offer.hold;
  RedisScript::Input input{.keys = keys_of(question.request.tenant),
                           .arguments = {budgets_.time_for_scripts(), question.request.reservation.hex(),
                                         question.takes ? "1" : "0", question.passes_unknown ? "1" : "0",
                                         tokens_text(hold.expected_tokens), tokens_text(hold.bound.tokens)}};
  append_cost(input.arguments, within_script(hold.bound.cost));
  const WallTime now = budgets_.now();
  for (const ChargedAccount& each : question.charged) {
    append_account(input.arguments, each, now);
    input.arguments.push_back(number(budgets_.checked.of(each.id).counted_from.unix_ms));
  }
  Leaving leaving(*this, question);
  const Result<RedisReply> reply = co_await link_.run(reserve_script(), std::move(input));
  leaving.stays();
  Answer answer = read(reply, question);
  answer.may_come_late = question.takes && !reply && reply.error().kind != FaultKind::unavailable;
  co_return answer;
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

// All that fits, once; what is left of it may be less again when it is asked for, but seldom less than the least.
std::optional<ports::ReserveOutcome> RedisBudgetLedger::offer_less(Question& question, const Answer& answer) {
  const bool was_softened = question.offer.output_cap.has_value();
  const budget::Claim claim = claim_of(question.request);
  const budget::Moment at{budgets_.clock.now(), budgets_.now()};
  ToldAccounts told(question.charged, answer.states, at.now);
  const budget::Decision decision = budget::decide(claim, told.decided().accounts, at);
  if (const auto* refused = std::get_if<budget::Refused>(&decision)) return refusal_of(*refused, told.decided());
  question.offer = std::get<budget::Granted>(decision);
  if (was_softened && question.offer.output_cap) question.offer = budget::softened_most(claim, question.offer);
  return std::nullopt;
}

ports::ReserveOutcome RedisBudgetLedger::grant(const Question& question, const Answer& answer) {
  const Instant now = budgets_.clock.now();
  ToldAccounts told(question.charged, answer.states, now);
  for (budget::Account* const account : told.decided().accounts)
    account->take(question.offer.hold, now);
  bool is_unknown = false;
  for (std::size_t index = 0; index < question.charged.size(); ++index) {
    const ChargedAccount& charged = question.charged[index];
    const RedisBudgets::Known known = budgets_.known_spending(charged.id, answer.states[index]);
    is_unknown = is_unknown || known != RedisBudgets::Known::all;
    budgets_.spare.learn(question.request.tenant, charged, answer.states[index].after(question.offer.hold), now);
  }
  ports::ReserveOutcome outcome = grant_of(question.request.reservation, question.offer, told.decided());
  outcome.granted->unguarded = is_unknown;
  budgets_.holds.add(open_hold(question, question.offer.hold.bound), link_.loop());
  return outcome;
}

// One that Redis may hold under the same id is settled there as any other.
ports::ReserveOutcome RedisBudgetLedger::reserve_spare(const Question& question, bool may_come_late) {
  const ports::ReserveRequest& request = question.request;
  ports::ReserveOutcome outcome = refused_by_store();
  if (budgets_.fail_open.load(std::memory_order_relaxed)) {
    outcome = budgets_.spare.reserve(request, question.charged, {budgets_.clock.now(), budgets_.now()});
  }
  if (outcome.granted) {
    OpenHold hold = open_hold(question, budgets_.spare.bound_of(request.reservation));
    hold.is_spare = true;
    hold.may_come_late = may_come_late;
    budgets_.holds.add(std::move(hold), link_.loop());
  } else if (may_come_late) {
    cancel(request, question.charged);
  }
  return outcome;
}

OpenHold RedisBudgetLedger::open_hold(const Question& question, const budget::Amount& bound) {
  OpenHold hold{.id = {question.request.reservation, question.request.tenant},
                .bound = {std::clamp<std::int64_t>(bound.tokens, 0, script_tokens_max), within_script(bound.cost)},
                .fields = {}};
  for (const ChargedAccount& each : question.charged)
    hold.fields.push_back(each.field());
  return hold;
}

void RedisBudgetLedger::cancel(const ports::ReserveRequest& request, const std::vector<ChargedAccount>& charged) {
  RedisScript::Input input{.keys = keys_of(request.tenant),
                           .arguments = {budgets_.time_for_scripts(), request.reservation.hex(), "0", "0", "0", "0",
                                         "0", "0", "0", "1", "0"}};
  input.keys.push_back(budget_key(link_.server(), request.tenant) + ":none");
  for (const ChargedAccount& each : charged)
    input.arguments.push_back(each.field());
  bookings_.add(std::move(input));
}

// Those that it counted on, and those that have got a limit since.
std::vector<std::string> RedisBudgetLedger::fields_to_charge(const ports::SettleRequest& request,
                                                             std::vector<std::string> fields) const {
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
  OpenHold ended = budgets_.holds.end({request.reservation, request.tenant});
  const std::vector<std::string> fields = fields_to_charge(request, std::move(ended.fields));
  if (fields.empty()) return request.ended_at;
  budgets_.spare.settle(request, budgets_.clock.now());
  WallTime counted_at = request.ended_at;
  for (const std::string& field : fields)
    counted_at = std::max(counted_at, budgets_.spare.counted_from(request.tenant, field));
  RedisScript::Input input{
      .keys = keys_of(request.tenant),
      .arguments = {budgets_.time_for_scripts(), request.reservation.hex(), sequence_text(request.turn.sequence),
                    sequence_text(bookings_.first_open(request.turn)), tokens_text(request.used_tokens)}};
  input.keys.push_back(budget_key(link_.server(), request.tenant) + ":stream:" + to_hex32({0, request.turn.stream}));
  append_cost(input.arguments, within_script(request.cost));
  input.arguments.insert(input.arguments.end(), {request.refund_request ? "0" : "1", number(counted_at.unix_ms),
                                                 ended.may_come_late ? "1" : "0", ended.is_spare ? "1" : "0"});
  input.arguments.insert(input.arguments.end(), fields.begin(), fields.end());
  bookings_.add(std::move(input), request.turn);
  return counted_at;
}

void RedisBudgetLedger::renew(std::span<const ports::HeldReservation> held) {
  renewals_.renew(held);
}

void RedisBudgetLedger::renew_all() {
  renewals_.renew(budgets_.holds.of_loop(nullptr));
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
      co_await checks_.check(asked.tenant, charged, answer.states);
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
