#include "adapters/http_client/connection_pool.hpp"

#include <array>
#include <utility>

namespace obleth::adapters {
namespace {

// A read that filled its buffer, and every read of TLS, leaves open whether more is there.
bool is_drained(Socket& socket) {
  if (socket.is_quiet()) return true;
  std::array<char, 1> byte;
  return socket.read_some(byte).state == IoState::would_block;
}

}  // namespace

UpstreamConnection ConnectionPool::take(const UpstreamAddress& address) {
  UpstreamConnection connection{origin_of(address), nullptr, true};
  std::vector<UpstreamOrigin::Idle>& idle = connection.origin->idle;
  while (!idle.empty()) {
    if (loop_.now() - idle.back().since > limits_.idle_lifetime) break;  // the others have waited longer still
    std::unique_ptr<Socket> newest = std::move(idle.back().socket);
    idle.pop_back();
    if (!newest->is_quiet()) continue;
    connection.socket = std::move(newest);
    break;
  }
  return connection;
}

void ConnectionPool::give(UpstreamConnection connection) {
  if (!is_drained(*connection.socket)) return;
  std::vector<UpstreamOrigin::Idle>& idle = connection.origin->idle;
  if (idle.size() >= limits_.idle_per_origin_max) return;
  idle.push_back({std::move(connection.socket), loop_.now()});
  if (heap_position == 0) loop_.arm(*this, loop_.now() + limits_.sweep_every);
}

std::size_t ConnectionPool::idle_count() const {
  std::size_t count = 0;
  for (const auto& [key, origin] : origins_)
    count += origin->idle.size();
  return count;
}

void ConnectionPool::expired() {
  const Instant oldest = loop_.now() - limits_.idle_lifetime;
  for (auto& [key, origin] : origins_)
    std::erase_if(origin->idle, [&](const auto& idle) { return idle.since <= oldest || !idle.socket->is_quiet(); });
  // An origin that nobody uses now is forgotten, so that addresses that come and go leave nothing behind.
  std::erase_if(origins_,
                [](const auto& entry) { return entry.second->idle.empty() && entry.second.use_count() == 1; });
  if (!origins_.empty()) loop_.arm(*this, loop_.now() + limits_.sweep_every);
}

std::shared_ptr<UpstreamOrigin> ConnectionPool::origin_of(const UpstreamAddress& address) {
  const auto known = origins_.find(KeyView{address.tls, address.port, address.host});
  if (known != origins_.end()) return known->second;
  if (heap_position == 0) loop_.arm(*this, loop_.now() + limits_.sweep_every);
  return origins_.emplace(Key{address.tls, address.port, address.host}, std::make_shared<UpstreamOrigin>())
      .first->second;
}

}  // namespace obleth::adapters
