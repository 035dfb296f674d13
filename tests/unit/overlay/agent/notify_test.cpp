#include "overlay/agent/notify.h"

#include <array>
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace agent {
namespace {

// A service manager: a datagram socket with an abstract name of its own.
class NotifyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socklen_t size = sizeof(address.sun_family);  // autobind: the kernel picks an abstract name
    ASSERT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
    size = sizeof(address);
    ASSERT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    const std::string name(address.sun_path + 1, size - offsetof(sockaddr_un, sun_path) - 1);
    ::setenv("NOTIFY_SOCKET", ("@" + name).c_str(), 1);
  }
  void TearDown() override {
    ::unsetenv("NOTIFY_SOCKET");
    ::close(fd_);
  }
  std::string received() const {
    std::array<char, 256> buffer{};
    const ssize_t size = ::recv(fd_, buffer.data(), buffer.size(), 0);
    return size < 0 ? "" : std::string(buffer.data(), static_cast<std::size_t>(size));
  }

  int fd_ = -1;
};

TEST_F(NotifyTest, SendsTheStateAsOneDatagram) {
  ASSERT_TRUE(notify_service_manager("READY=1\nSTATUS=up").ok());

  EXPECT_EQ(received(), "READY=1\nSTATUS=up");
}

TEST_F(NotifyTest, WithoutAServiceManagerNothingIsSentAndAllIsWell) {
  ::unsetenv("NOTIFY_SOCKET");

  EXPECT_TRUE(notify_service_manager("READY=1").ok());
  EXPECT_EQ(received(), "");
}

TEST_F(NotifyTest, NameThatIsNoPathIsRefused) {
  ::setenv("NOTIFY_SOCKET", "host:1234", 1);

  const auto status = notify_service_manager("READY=1");

  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().text(), "NOTIFY_SOCKET: not a path or an abstract name");
}

TEST_F(NotifyTest, SocketThatIsGoneIsAnErrorThatNamesIt) {
  ::setenv("NOTIFY_SOCKET", "/nonexistent/notify", 1);

  const auto status = notify_service_manager("READY=1");

  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().text(), "send to /nonexistent/notify: No such file or directory");
}

}  // namespace
}  // namespace agent
