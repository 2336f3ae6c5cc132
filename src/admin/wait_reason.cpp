#include "admin/wait_reason.hpp"

#include <cstdint>

#include "core/fairshare/virtual_account.hpp"

namespace obleth::admin {
namespace {

using fairshare::CutBy;
using fairshare::Dispatch;
using fairshare::Explanation;
using fairshare::WaitCause;

// "4.2 s", "35 ms".
std::string span_text(Duration span) {
  const std::int64_t ms = whole_ms(span);
  if (ms < 1000) return std::to_string(ms) + " ms";
  return std::to_string(ms / 1000) + "." + std::to_string(ms % 1000 / 100) + " s";
}

std::string counted(std::uint64_t count, const std::string& one) {
  return std::to_string(count) + " " + one + (count == 1 ? "" : "s");
}

std::int64_t percent(MilliCost part, MilliCost whole) {
  return whole.value <= 0 ? 0 : fairshare::scaled(part.value, 100, whole.value);
}

std::string cause_text(const Dispatch& dispatch, const FairshareNames& names) {
  switch (dispatch.cause) {
    case WaitCause::none:
      return "a slot was free";
    case WaitCause::pool_full:
      return "every slot was taken";
    case WaitCause::model_full:
      return "all slots of the model " + names.model(dispatch.model) + " were taken";
    case WaitCause::model_down:
      return "the model " + names.model(dispatch.model) + " had no endpoint that takes requests";
    case WaitCause::in_flight_limit:
      return "its key, tenant or group already had as many requests in flight as its max_in_flight allows";
  }
  return {};
}

std::string queue_text(const Explanation& told) {
  const Dispatch& dispatch = told.dispatch;
  if (dispatch.position == 0) return "No request of its own tenant was ahead of it. ";
  return counted(dispatch.position, "request") + " of its own tenant " + (dispatch.position == 1 ? "was" : "were") +
         " ahead of it. ";
}

std::string served_text(const Explanation& told, const FairshareNames& names) {
  if (told.all.requests == 0) return "Nobody else was given a slot meanwhile. ";
  std::string text = "Meanwhile " + counted(told.all.requests, "request") + " went first: ";
  text += std::to_string(percent(told.own.cost, told.all.cost)) + " % of their cost was its own tenant's";
  if (!told.top.empty()) {
    const Explanation::Served& most = told.top.front();
    text += ", " + std::to_string(percent(most.cost, told.all.cost)) + " % that of " + names.tenant(most.tenant) +
            " (weight " + std::to_string(most.weight) + " against " + std::to_string(told.dispatch.weight) + ")";
  }
  return text + ". ";
}

std::string turn_text(const Dispatch& dispatch) {
  if (dispatch.by_age_guard) {
    return "It went out of turn: it had waited for more than half of the longest wait allowed, so the age guard let it "
           "go. ";
  }
  return "It went when, of all that waited, its tenant had received the least for its weight, what it was running "
         "counted in. ";
}

std::string cut_text(const Dispatch& dispatch) {
  if (dispatch.mark.cut_by == CutBy::nothing) return {};
  std::string text = "Its answer was limited to " + counted(static_cast<std::uint64_t>(dispatch.output_cap), "token");
  text += " instead of " + std::to_string(dispatch.mark.requested_cap) + ", ";
  switch (dispatch.mark.cut_by) {
    case CutBy::saturation:
      return text + "because its tenant's requests wait longer than the brownout threshold. ";
    case CutBy::quota:
      return text + "because the tokens per minute did not hold more. ";
    case CutBy::budget:
    case CutBy::nothing:
      return text + "because the budget did not hold more. ";
  }
  return text;
}

}  // namespace

const char* waited_for(WaitCause cause) {
  switch (cause) {
    case WaitCause::none:
      return "nothing";
    case WaitCause::pool_full:
      return "slot";
    case WaitCause::model_full:
      return "model";
    case WaitCause::model_down:
      return "endpoint";
    case WaitCause::in_flight_limit:
      return "in_flight_limit";
  }
  return "nothing";
}

std::string reason_in_words(const Explanation& told, const FairshareNames& names) {
  const Dispatch& dispatch = told.dispatch;
  std::string text;
  if (dispatch.cause == WaitCause::none) {
    text = "It did not wait: when it came, a slot was free. ";
  } else {
    text = "It waited " + span_text(dispatch.dispatched - dispatch.arrived) + " because, when it came, " +
           cause_text(dispatch, names) + ". ";
    text += queue_text(told) + served_text(told, names) + turn_text(dispatch);
  }
  text += cut_text(dispatch);
  text.pop_back();
  return text;
}

}  // namespace obleth::admin
