// /usage/*, /costs and /tenants/{id}/usage: what was asked, what it cost, and single requests. Any thread.
#pragma once

#include "admin/record_desk.hpp"
#include "admin/route.hpp"
#include "admin/usage_names.hpp"
#include "admin/usage_questions.hpp"

namespace obleth::admin {

class Usage {
 public:
  explicit Usage(RecordDesk& desk) : desk_(desk) {}
  void register_in(RouteTable& table);

 private:
  // Answers 503 where there is no ledger.
  template <Task<Reply> (Usage::*member)(const Call&)>
  Task<Reply> with_ledger(const Call& call);
  void register_sums_in(RouteTable& table);

  Task<Reply> summary(const Call& call);
  Task<Reply> series(const Call& call);
  Task<Reply> requests(const Call& call);
  Task<Reply> request(const Call& call);
  Task<Reply> costs(const Call& call);
  Task<Reply> of_tenant(const Call& call);
  // Appends a list of the largest, under this name.
  Task<Outcome<void>> append_division(Json::Object& body, const char* name, const ports::UsageScope& scope,
                                      ports::UsageDimension by, std::size_t groups_max);

  RecordDesk& desk_;
};

}  // namespace obleth::admin
