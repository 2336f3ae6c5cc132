#include "adapters/os/socket.hpp"

#include <sys/socket.h>

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

namespace obleth::adapters {
namespace {

std::string all_that_came(int fd) {
  std::string came(32'768, '\0');
  const ssize_t count = ::recv(fd, came.data(), came.size(), MSG_DONTWAIT);
  came.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return came;
}

// Few bytes are copied together, more of them are given to the kernel piece by piece.
TEST(Socket, PiecesArriveInOrderHoweverLongTheyAre) {
  EpollLoop loop;
  for (const std::size_t bytes : {2U, 1024U, 1025U, 4095U, 4096U, 4097U, 16'384U}) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
    Socket ours(loop, FileDescriptor(ends[0]));
    const FileDescriptor peer(ends[1]);
    std::string text(bytes, '\0');
    for (std::size_t at = 0; at < bytes; ++at)
      text[at] = static_cast<char>('a' + at % 23);
    const std::string_view whole = text;
    const std::array<std::string_view, 3> pieces = {whole.substr(0, bytes / 3), "", whole.substr(bytes / 3)};
    for (const std::size_t skip : {std::size_t{0}, std::size_t{1}, bytes / 2}) {
      const IoOutcome sent = ours.write_some(pieces, skip);
      ASSERT_EQ(sent.state, IoState::moved);
      ASSERT_EQ(sent.bytes, bytes - skip);
      ASSERT_EQ(all_that_came(peer.get()), whole.substr(skip)) << bytes << " bytes, " << skip << " of them sent before";
    }
  }
}

}  // namespace
}  // namespace obleth::adapters
