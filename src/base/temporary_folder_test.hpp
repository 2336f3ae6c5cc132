// A folder of a test's or a benchmark's own, removed with all that is in it. Thread: one.
#pragma once

#include <filesystem>
#include <random>
#include <string>
#include <system_error>

namespace obleth {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::random_device random;
    do {
      path_ = std::filesystem::temp_directory_path() / ("obleth-test-" + std::to_string(random()));
    } while (!std::filesystem::create_directory(path_));  // else another one has it
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] std::string file(const char* name) const { return path_ / name; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace obleth
