#include "mock/reading_answers.hpp"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "mock/json_text.hpp"

namespace obleth::mock {

std::string count_tokens_answer(const AnswerPlan& plan) {
  std::string out;
  write_parts(out, R"({"input_tokens":)", plan.prompt_tokens, "}");
  return out;
}

std::string rerank_answer(const AnswerPlan& plan) {
  const std::vector<std::string>& documents = plan.request.documents;
  std::vector<std::size_t> order(documents.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&documents](std::size_t at) { return std::pair(documents[at].size(), at); });
  std::string out;
  write_parts(out, R"({"id":"rerank-mock-)", plan.facts.serial, R"(","model":)", plan.model);
  if (plan.with_usage) write_parts(out, R"(,"usage":{"total_tokens":)", plan.prompt_tokens, "}");
  out.append(R"(,"results":[)");
  std::int64_t rank = 0;
  for (const std::size_t at : order) {
    write_parts(out, rank == 0 ? "" : ",", R"({"index":)", static_cast<std::int64_t>(at), R"(,"document":{"text":)",
                quoted(documents[at]), R"(},"relevance_score":0.)", 9 - std::min<std::int64_t>(rank, 9), "}");
    ++rank;
  }
  out.append("]}");
  return out;
}

}  // namespace obleth::mock
