#include "adapters/os/process_limits.hpp"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cstdlib>

namespace obleth::adapters {
namespace {

[[noreturn]] void forbid_and_tell() {
  forbid_core_dumps();
  rlimit limit{1, 1};
  getrlimit(RLIMIT_CORE, &limit);
  const bool is_forbidden = limit.rlim_cur == 0 && limit.rlim_max == 0 && prctl(PR_GET_DUMPABLE) == 0;
  std::_Exit(is_forbidden ? 0 : 1);
}

// In a process of its own: what is given up here cannot be had back.
TEST(ProcessLimits, ForbiddenCoreDumpsCannotBeAllowedAgainAndNobodyMayTrace) {
  EXPECT_EXIT(forbid_and_tell(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace obleth::adapters
