#include "gateway/reservation.hpp"

namespace obleth::gateway {

void HeldBudgets::add(HeldBudget& held) {
  held.next_ = first_;
  held.previous_ = &first_;
  if (first_ != nullptr) first_->previous_ = &held.next_;
  first_ = &held;
  if (std::exchange(armed_, true)) return;
  loop_.arm(*this, loop_.now() + renewal_period);
}

void HeldBudgets::expired() {
  armed_ = first_ != nullptr;
  if (!armed_) return;
  renewed_.clear();
  for (const HeldBudget* held = first_; held != nullptr; held = held->next_)
    renewed_.push_back({held->granted_.id, held->tenant_});
  ledger_.renew(renewed_);
  loop_.arm(*this, loop_.now() + renewal_period);
}

WallTime HeldBudgets::settle(ports::SettleRequest request) {
  request.ended_at = loop_.wall_now();
  request.turn = {.stream = stream_, .sequence = ++settled_};
  return ledger_.settle(request);
}

HeldBudget::HeldBudget(HeldBudgets& all, const ports::ReserveRequest& request, ports::Reservation granted)
    : all_(&all), tenant_(request.tenant), key_(request.key), granted_(std::move(granted)) {
  if (granted_.renewable) all_->add(*this);
}

HeldBudget::HeldBudget(HeldBudget&& other) noexcept
    : all_(std::exchange(other.all_, nullptr)),
      next_(other.next_),
      previous_(std::exchange(other.previous_, nullptr)),
      tenant_(other.tenant_),
      key_(other.key_),
      granted_(std::move(other.granted_)) {
  if (previous_ == nullptr) return;
  *previous_ = this;
  if (next_ != nullptr) next_->previous_ = &next_;
}

HeldBudget::~HeldBudget() {
  if (all_ != nullptr) settle(0, NanoUsd{}, true);
}

void HeldBudget::unlink() {
  if (previous_ == nullptr) return;
  *previous_ = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
  previous_ = nullptr;
}

WallTime HeldBudget::settle(std::int64_t used_tokens, NanoUsd cost, bool refund_request) {
  unlink();
  return std::exchange(all_, nullptr)
      ->settle({.reservation = granted_.id,
                .tenant = tenant_,
                .key = key_,
                .held_tokens = granted_.held_tokens,
                .used_tokens = used_tokens,
                .cost = cost,
                .refund_request = refund_request});
}

}  // namespace obleth::gateway
