// The tally of unsettled requests in a file of eight bytes that is mapped into memory: the kernel keeps what a killed
// process had counted. Counting is one atomic addition. Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "ports/unsettled_tally.hpp"

namespace obleth::adapters {

class UnsettledFile final : public ports::UnsettledTally {
 public:
  // Made where it is absent. Fault: it cannot be opened, grown or mapped.
  [[nodiscard]] static Result<std::unique_ptr<UnsettledFile>> open(const std::string& path);
  ~UnsettledFile() override;
  UnsettledFile(const UnsettledFile&) = delete;
  UnsettledFile& operator=(const UnsettledFile&) = delete;

  // Requests that were in flight when the process before ended; 0 where it stopped in order.
  [[nodiscard]] std::int64_t left_behind() const { return left_behind_; }

  void began() override;
  void ended() override;

 private:
  explicit UnsettledFile(std::int64_t* count);

  std::int64_t* count_;  // of the mapped file
  std::int64_t left_behind_;
};

}  // namespace obleth::adapters
