// The steps of the budget ledger that Redis runs as one: reserve, settle, renew, recount, learn.
//
// They hold no more of the rules than has to be atomic: whether a hold fits into what every account has left, taking
// it, giving it back, and entering a term. What to offer instead of a refusal, and when to come again, core/budget
// decides from the state that they answer. Time is Redis' own.
//
// Numbers in a script are exact up to 2^53: amounts of money come as whole dollars and nano-dollars below one dollar,
// levels of buckets are counted in sixty-thousandths (what a limit of one a minute gains in a millisecond), and what
// comes in is clamped by the caller. One tenant's state has one hash tag, so that a script stays on one node.
#pragma once

#include <cstdint>
#include <string_view>

#include "adapters/redis/redis_script.hpp"

namespace obleth::adapters {

inline constexpr std::int64_t bucket_units = 60'000;                      // of a script, in one token
inline constexpr std::int64_t script_number_max = 9'000'000'000'000'000;  // below 2^53
inline constexpr std::int64_t script_tokens_max = 100'000'000'000;        // of one request, or of a limit per minute
inline constexpr std::int64_t script_cost_max =
    1'000'000'000'000'000;                              // nano-dollars of one request: a million dollars
inline constexpr std::string_view budget_layout = "3";  // part of the names: raised with every change of what they hold

// KEYS: state, expiries. ARGV: now ("": Redis' own), reservation, 1 to take or 0 to look, 1 to pass over what is
// unknown, expected tokens, bound tokens, bound dollars, bound nano-dollars; then for each account: field, tokens and
// requests per minute (-1: none), rule ("-": no budget), term's begin and end, limit in tokens, dollars and
// nano-dollars (-1: none), and when its counting began as far as the caller has checked what was spent before (0: not
// at all): another account than that is unknown to the caller. Answers "taken", "short", "unknown", "late" (the terms
// are not of this moment) or "cancelled", the time, and each account's state as it was before.
[[nodiscard]] const RedisScript& reserve_script();

// KEYS: state, expiries, stream. ARGV: now, reservation, sequence (0: none), the first of its stream that may come
// (again), used tokens, dollars, nano-dollars, requests (0: it goes back), when it ended, 1 to keep a reservation that
// comes later from being taken, 1 where Redis did not grant it and so has not counted its request, the fields.
[[nodiscard]] const RedisScript& settle_script();

// KEYS: state, expiries. ARGV: now; then for each reservation: its id, requests that Redis has counted, bound tokens,
// dollars, nano-dollars, how many fields, the fields. One that Redis has lost is held again.
[[nodiscard]] const RedisScript& renew_script();

// KEYS: state. ARGV: now, field, a moment: an account that has counted since before it begins anew, so that what was
// spent until now can be learned. Answers the account's state.
[[nodiscard]] const RedisScript& recount_script();

// KEYS: state. ARGV: field, when counting began, the term's begin, tokens, dollars, nano-dollars: what was spent in the
// term before counting began. May come again with more. Answers "learned", or "moved" where it is another account by
// now.
[[nodiscard]] const RedisScript& learn_script();

}  // namespace obleth::adapters
