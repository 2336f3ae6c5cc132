#include "base/whole_file.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "base/temporary_folder_test.hpp"

namespace obleth {
namespace {

TEST(WholeFile, IsReadToItsEnd) {
  const TemporaryFolder folder;
  const std::string long_text(100'000, 'x');
  std::ofstream(folder.file("long")) << long_text;
  std::ofstream(folder.file("empty")) << "";
  EXPECT_EQ(read_whole_file(folder.file("long")), long_text);
  EXPECT_EQ(read_whole_file(folder.file("empty")), "");
}

TEST(WholeFile, AFolderIsNone) {
  const TemporaryFolder folder;
  const auto read = read_whole_file(folder.file("."));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, FaultKind::invalid);
  EXPECT_FALSE(read_whole_file(folder.file("missing")));
}

}  // namespace
}  // namespace obleth
