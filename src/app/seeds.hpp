// What `--dev` and the demo register by themselves, through the same transactions as an operator would. Main thread,
// before the gateway serves.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "domain/api_key.hpp"
#include "domain/model.hpp"
#include "ports/clock.hpp"
#include "ports/entropy.hpp"
#include "ports/record_store.hpp"
#include "ports/secret_hasher.hpp"

namespace obleth::app {

class Seeds {
 public:
  Seeds(ports::RecordStore& store, const ports::Clock& clock, ports::Entropy& entropy,
        const ports::SecretHasher& hasher)
      : store_(store), clock_(clock), entropy_(entropy), hasher_(hasher) {}

  // Registered at this base URL; one of that name that is there already is pointed to it.
  [[nodiscard]] Result<Model> model(std::string_view name, const std::string& api_base);
  // A tenant in group "default"; one of that name that is there already stays as it is.
  [[nodiscard]] Result<TenantId> tenant(std::string_view name, std::uint32_t weight);
  // A key's fresh secret, which is nowhere else; that of a key of that name that is there already ends.
  [[nodiscard]] Result<Secret> key(TenantId tenant, std::string_view name);

 private:
  [[nodiscard]] Result<std::optional<ApiKey>> find_key(TenantId tenant, std::string_view name);
  [[nodiscard]] Result<void> commit(ports::Write write, std::string_view action, std::string_view target_name);

  ports::RecordStore& store_;
  const ports::Clock& clock_;
  ports::Entropy& entropy_;
  const ports::SecretHasher& hasher_;
};

}  // namespace obleth::app
