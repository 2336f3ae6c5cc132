// What chat and text completions have in common: usage, finish reasons, the end of a stream. Pure.
#pragma once

#include <string>
#include <string_view>

#include "mock/answer_plan.hpp"

namespace obleth::mock {

[[nodiscard]] std::string_view openai_finish(Finish finish);
// "usage":{…} with all members.
void append_openai_usage(std::string& out, const AnswerPlan& plan);
// What stands after the choices of every event of a stream: with include_usage all but the last say null.
[[nodiscard]] std::string_view event_tail(const AnswerPlan& plan);
// The usage event where the request asked for it, and [DONE]. event_head ends before "choices".
void append_openai_end(std::string& out, const AnswerPlan& plan, std::string_view event_head);

}  // namespace obleth::mock
