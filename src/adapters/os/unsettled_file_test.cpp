#include "adapters/os/unsettled_file.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

namespace obleth::adapters {
namespace {

class UnsettledFileTest : public testing::Test {
 protected:
  UnsettledFileTest() { std::filesystem::remove(path_); }
  ~UnsettledFileTest() override { std::filesystem::remove(path_); }

  const std::string path_ = testing::TempDir() + "obleth_unsettled_" + std::to_string(::getpid());
};

TEST_F(UnsettledFileTest, AProcessThatStopsInOrderLeavesNothing) {
  auto file = UnsettledFile::open(path_);
  ASSERT_TRUE(file);
  EXPECT_EQ((*file)->left_behind(), 0);
  (*file)->began();
  (*file)->ended();
  file = UnsettledFile::open(path_);
  EXPECT_EQ((*file)->left_behind(), 0);
}

TEST_F(UnsettledFileTest, AProcessThatIsKilledLeavesWhatItHadBegun) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto file = UnsettledFile::open(path_);
    for (int request = 0; request < 5; ++request)
      (*file)->began();
    (*file)->ended();
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ((*UnsettledFile::open(path_))->left_behind(), 4);
  EXPECT_EQ((*UnsettledFile::open(path_))->left_behind(), 0);
}

TEST_F(UnsettledFileTest, AFileThatCannotBeMadeIsAFault) {
  const auto file = UnsettledFile::open("/nowhere/at/all");
  ASSERT_FALSE(file);
  EXPECT_NE(file.error().message.find("/nowhere/at/all"), std::string::npos);
}

}  // namespace
}  // namespace obleth::adapters
