#include "adapters/os/unsettled_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <system_error>

#include "adapters/os/file_descriptor.hpp"

namespace obleth::adapters {

Result<std::unique_ptr<UnsettledFile>> UnsettledFile::open(const std::string& path) {
  const auto refused = [&path](int problem) {
    return fail(store_fault(FaultKind::unavailable, "The file '" + path + "' cannot be used: " +
                                                        std::generic_category().message(problem) + "."));
  };
  const FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file.is_open()) return refused(errno);
  // Its block is taken now: a disk that is full later must not make the addition fail.
  const int problem = ::posix_fallocate(file.get(), 0, sizeof(std::int64_t));
  if (problem != 0) return refused(problem);
  void* const mapped = ::mmap(nullptr, sizeof(std::int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (mapped == MAP_FAILED) return refused(errno);
  return std::unique_ptr<UnsettledFile>(new UnsettledFile(static_cast<std::int64_t*>(mapped)));
}

UnsettledFile::UnsettledFile(std::int64_t* count) : count_(count), left_behind_(std::max<std::int64_t>(0, *count)) {
  *count_ = 0;
}

UnsettledFile::~UnsettledFile() {
  ::munmap(count_, sizeof(std::int64_t));
}

void UnsettledFile::began() {
  std::atomic_ref(*count_).fetch_add(1, std::memory_order_relaxed);
}

void UnsettledFile::ended() {
  std::atomic_ref(*count_).fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace obleth::adapters
