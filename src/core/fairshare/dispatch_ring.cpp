#include "core/fairshare/dispatch_ring.hpp"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>

namespace obleth::fairshare {

void DispatchRing::keep(const Dispatch& dispatch, Ticket ticket) {
  if (ring_.size() < size_) {
    ring_.push_back(dispatch);
  } else {
    ring_[next_ % size_] = dispatch;
  }
  if (running_.size() <= ticket.slot) running_.resize(ticket.slot + 1);
  running_[ticket.slot] = {.generation = ticket.generation, .number = next_};
  ++next_;
}

void DispatchRing::settle(Ticket ticket, MilliCost cost) {
  if (ticket.slot >= running_.size()) return;
  const Running& running = running_[ticket.slot];
  if (running.generation != ticket.generation || running.number < oldest()) return;
  Dispatch& dispatch = ring_[running.number % size_];
  dispatch.cost = cost;
  dispatch.is_over = true;
}

// FNV-1a.
std::uint64_t client_mark_of(std::string_view client_request_id) {
  if (client_request_id.empty()) return 0;
  std::uint64_t mark = 0xCBF29CE484222325ULL;
  for (const char letter : client_request_id)
    mark = (mark ^ static_cast<unsigned char>(letter)) * 0x100000001B3ULL;
  return std::max<std::uint64_t>(mark, 1);
}

namespace {

void count(Explanation::Served& served, const Dispatch& dispatch) {
  served.weight = dispatch.weight;
  served.cost.value += dispatch.cost.value;
  ++served.requests;
}

}  // namespace

std::optional<Explanation> explain(const RecentDispatches& recent, const Sought& sought) {
  const std::vector<Dispatch>& dispatches = recent.dispatches;
  const auto fits = [&](const Dispatch& dispatch) {
    if (sought.request && dispatch.mark.request == *sought.request) return true;
    return sought.client_mark != 0 && dispatch.mark.client_mark == sought.client_mark;
  };
  const auto found = std::find_if(dispatches.rbegin(), dispatches.rend(), fits);
  if (found == dispatches.rend()) return std::nullopt;
  Explanation told{.dispatch = *found, .own = {}, .all = {}, .top = {}};
  told.own.tenant = found->tenant;
  told.reaches_arrival = found->cause == WaitCause::none || found->dispatched_before >= recent.first;
  const auto own_place = static_cast<std::uint64_t>(std::distance(found, dispatches.rend())) - 1;
  const std::uint64_t from = told.reaches_arrival ? found->dispatched_before - recent.first : 0;
  boost::unordered_flat_map<TenantId, Explanation::Served> others;
  for (std::uint64_t place = from; found->cause != WaitCause::none && place < own_place; ++place) {
    const Dispatch& before = dispatches[place];
    count(told.all, before);
    count(before.tenant == found->tenant ? told.own : others[before.tenant], before);
  }
  for (auto& [tenant, served] : others) {
    served.tenant = tenant;
    told.top.push_back(served);
  }
  std::ranges::sort(told.top, [](const auto& a, const auto& b) {
    return a.cost.value != b.cost.value ? a.cost.value > b.cost.value : a.tenant < b.tenant;
  });
  told.top.resize(std::min(told.top.size(), Explanation::top_max));
  return told;
}

}  // namespace obleth::fairshare
