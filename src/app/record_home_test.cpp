#include "app/record_home.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <string>

#include "adapters/crypto/aes_gcm_sealer.hpp"
#include "adapters/crypto/encryption_key.hpp"

namespace obleth::app {
namespace {

// While it lives no descriptor can be opened.
class NoDescriptors {
 public:
  NoDescriptors() {
    EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0);
    const rlimit none{.rlim_cur = 0, .rlim_max = before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  }
  ~NoDescriptors() { EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before_), 0); }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

 private:
  rlimit before_{};
};

bool told_of_descriptors(const Result<std::uint64_t>& answer) {
  return !answer && answer.error().message.contains("Too many open files");
}

TEST(RecordHome, AProcessWithoutDescriptorsFindsTheDatabaseUnavailable) {
  adapters::Resolver resolver({.threads = 1}, [](const std::string&) -> Result<adapters::Resolver::Addresses> {
    return adapters::Resolver::Addresses{*adapters::NetAddress::parse("127.0.0.1", 0)};
  });
  const adapters::AesGcmSealer sealer({}, {});
  // The name first: so that the resolver's thread runs, which the sanitizers look at when it begins.
  for (const char* host : {"database.example", "127.0.0.1", "[::1]"}) {
    Options options;
    options.database_url = Secret("postgresql://obleth@" + std::string(host) + ":1/obleth");
    const auto home = RecordHome::open(options, sealer, resolver);
    ASSERT_TRUE(home) << home.error().message;
    ports::RecordStore& store = (*home)->store();
    ASSERT_FALSE(store.version().run_now());  // nobody listens; and the sanitizers, which want descriptors, know it all
    const auto version = [&store] {
      const NoDescriptors used_up;
      const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
      auto answer = store.version().run_now();
      while (!told_of_descriptors(answer) && std::chrono::steady_clock::now() < end)
        answer = store.version().run_now();  // what failed is told for a while before it is tried again
      return answer;
    }();
    ASSERT_FALSE(version);
    EXPECT_EQ(version.error().kind, FaultKind::unavailable);
    EXPECT_TRUE(version.error().may_retry);
    EXPECT_TRUE(told_of_descriptors(version)) << version.error().message;
  }
}

}  // namespace
}  // namespace obleth::app
