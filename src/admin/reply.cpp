#include "admin/reply.hpp"

#include <utility>

#include "admin/schema_parts.hpp"

namespace obleth::admin {
namespace {

std::string summary_of(const std::vector<Problem>& problems) {
  if (problems.empty()) return "The request is not valid.";
  std::string message = problems.size() == 1 ? "The request has a fault: "
                                             : "The request has " + std::to_string(problems.size()) + " faults: ";
  for (const Problem& problem : problems) {
    if (&problem != &problems.front()) message += "; ";
    message += problem.field.empty() ? "the body" : problem.field;
    message += ' ' + problem.problem;
  }
  return message + ".";
}

struct Answered {
  int status;
  std::string_view code;
};

Answered answered(const Fault& fault) {
  switch (fault.kind) {
    case FaultKind::invalid:
      return {400, "invalid_request"};
    case FaultKind::too_large:
      return {413, "request_too_large"};
    case FaultKind::timed_out:
      return fault.source == FaultSource::client ? Answered{408, "request_timeout"}
                                                 : Answered{503, "store_unavailable"};
    case FaultKind::not_found:
      return {404, "not_found"};
    case FaultKind::conflict:
      return fault.may_retry ? Answered{503, "store_unavailable"} : Answered{409, "conflict"};
    case FaultKind::forbidden:
      return {400, "forbidden_address"};
    case FaultKind::unavailable:
    case FaultKind::exhausted:
      return {503, "store_unavailable"};
    default:
      return {500, "internal_error"};
  }
}

}  // namespace

Reply answer(int status, const Json& body) {
  return {.status = status, .body = to_text(body)};
}

Reply no_content() {
  return {.status = 204, .body = "", .content_type = ""};
}

Reply refuse(int status, std::string_view code, std::string_view message, const std::vector<Problem>& problems) {
  Json details = Json::list();
  for (const Problem& problem : problems)
    details.append(Json::object({{"field", problem.field}, {"problem", problem.problem}}));
  const Json error = Json::object({{"message", message}, {"code", code}, {"details", std::move(details)}});
  return answer(status, Json::object({{"error", error}}));
}

Reply refuse_body(const Reading& reading) {
  return refuse(400, "invalid_request", summary_of(reading.problems()), reading.problems());
}

Reply refuse_field(std::string field, std::string problem) {
  const std::vector<Problem> problems{{std::move(field), std::move(problem)}};
  return refuse(400, "invalid_request", summary_of(problems), problems);
}

Reply not_found(std::string_view kind, std::string_view name) {
  return refuse(404, "not_found", "There is no " + std::string(kind) + " \"" + std::string(name) + "\".");
}

Reply conflict(std::string field, std::string problem) {
  const std::vector<Problem> problems{{std::move(field), std::move(problem)}};
  return refuse(409, "conflict", summary_of(problems), problems);
}

Reply refuse_fault(const Fault& fault) {
  const auto [status, code] = answered(fault);
  std::vector<Problem> problems;
  if (!fault.field.empty()) problems.push_back({std::string(fault.field.view()), fault.message});
  Reply reply = refuse(status, code, fault.message, problems);
  reply.overtaken = fault.kind == FaultKind::conflict && fault.may_retry;
  if (reply.overtaken) reply.header_lines = "Retry-After: 1\r\n";
  return reply;
}

Json error_schema() {
  const Json plain_text = Json::object({{"type", "string"}});
  const Json detail = closed_schema({{"field", plain_text}, {"problem", plain_text}});
  const Json details = Json::object({{"type", "array"}, {"items", detail}});
  return closed_schema(
      {{"error", closed_schema({{"message", plain_text}, {"code", plain_text}, {"details", details}})}});
}

}  // namespace obleth::admin
