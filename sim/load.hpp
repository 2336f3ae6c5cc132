// What one tenant of a simulation does: how many clients, what they ask for, and how they behave.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/fairshare/events.hpp"

namespace obleth::sim {

// Token counts: lognormal around a median, cut at a maximum.
struct Spread {
  double median = 300;
  double sigma = 0.8;
  double max = 4'000;
};

// Three kinds of work: short talk, questions about long documents, long answers.
inline constexpr Spread chat_prompt{.median = 300, .sigma = 0.8, .max = 32'000};
inline constexpr Spread chat_output{.median = 120, .sigma = 0.8, .max = 1'000};
inline constexpr Spread document_prompt{.median = 5'000, .sigma = 0.8, .max = 32'000};
inline constexpr Spread document_output{.median = 180, .sigma = 0.9, .max = 1'000};
inline constexpr Spread essay_prompt{.median = 600, .sigma = 1.0, .max = 32'000};
inline constexpr Spread essay_output{.median = 700, .sigma = 1.0, .max = 4'000};

struct Load {
  std::uint64_t tenant = 1;
  std::uint64_t group = 1;
  std::vector<std::uint64_t> models = {1};  // asked for in turn
  std::uint32_t weight = 100;
  std::uint32_t group_weight = 100;
  std::optional<std::uint32_t> max_in_flight = {};
  BrownoutPolicy brownout = BrownoutPolicy::never;

  std::uint32_t clients = 60;  // each has one request at a time
  double per_second = 0;       // instead of clients: requests that come whether others are answered or not
  double think_s = 0;          // mean pause between an answer and the next request
  std::uint64_t keys = 1;      // used in turn
  double from_s = 0;
  double until_s = 1e9;
  double busy_s = 0;  // mean stretch of activity, each followed by one of silence; 0: always active
  double silent_s = 0;

  Spread prompt = chat_prompt;
  Spread output = chat_output;
  std::optional<Spread> other_output = {};  // every other minute
  std::optional<Spread> rare_output = {};   // of one request in ten, which nothing tells from the others
  double told_prompt = 0;                   // tokens that it is taken for until it ends; 0: what it is
  std::int64_t declared = 0;                // max_tokens; 0: the longest answer there is
  bool streams = true;                      // otherwise nothing is known of an answer until it ends
  double reads_per_second = 0;              // tokens; a slow reader holds its slot. 0: as fast as they come
  double leaves_after_tokens = 0;           // the client hangs up in the middle of every answer; 0: never
  double leaves_share = 0;                  // of the requests, somewhere in the middle
  double patience_s = 0;                    // mean; who waits longer leaves the queue. 0: nobody does
};

// A tenant with one of the three kinds of work, by its number.
[[nodiscard]] inline Load mixed_load(std::uint64_t tenant, std::uint32_t weight = 100) {
  constexpr std::array prompts{chat_prompt, document_prompt, essay_prompt};
  constexpr std::array outputs{chat_output, document_output, essay_output};
  return {.tenant = tenant, .weight = weight, .prompt = prompts[(tenant - 1) % 3], .output = outputs[(tenant - 1) % 3]};
}

}  // namespace obleth::sim
