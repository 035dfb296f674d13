#include "overlay/loop/tcp_connect.h"

#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>

namespace loop {
namespace {

class TcpConnectTest : public ::testing::Test {
 protected:
  std::unique_ptr<TcpListener> listen() {
    return std::move(TcpListener::open(loop_, {base::Address::v4(0x7f000001), 0},
                                       [this](std::unique_ptr<TcpSocket> socket) {
                                         accepted_ = std::move(socket);
                                       }))
        .value();
  }
  std::unique_ptr<TcpConnect> connect(const std::string& host, std::uint16_t port) {
    return std::make_unique<TcpConnect>(loop_, host, port, std::chrono::seconds(20),
                                        [this](base::Result<std::unique_ptr<TcpSocket>> result) {
                                          if (result.ok()) {
                                            socket_ = std::move(result).value();
                                          } else {
                                            why_ = result.error().text();
                                          }
                                        });
  }

  Loop loop_;
  std::unique_ptr<TcpSocket> accepted_;
  std::unique_ptr<TcpSocket> socket_;
  std::optional<std::string> why_;
};

TEST_F(TcpConnectTest, GivesASocketToAListenerByName) {
  const auto listener = listen();
  const auto attempt = connect("localhost", listener->local().port);

  while (!why_ && (!socket_ || !accepted_)) {
    loop_.run_once();
  }

  ASSERT_TRUE(socket_) << why_.value_or("");
  EXPECT_EQ(socket_->remote().port, listener->local().port);
}

TEST_F(TcpConnectTest, SaysWhatRefused) {
  std::uint16_t port = 0;
  {
    const auto listener = listen();
    port = listener->local().port;
  }
  const auto attempt = connect("127.0.0.1", port);

  while (!why_ && !socket_) {
    loop_.run_once();
  }

  EXPECT_EQ(why_, "connect to 127.0.0.1:" + std::to_string(port) + ": connection refused");
}

TEST_F(TcpConnectTest, AHostNameThatIsTooLongIsAnErrorFromTheLoop) {
  const auto attempt = connect(std::string(5000, 'a'), 1);
  EXPECT_FALSE(why_);

  loop_.run();

  EXPECT_TRUE(why_);
}

TEST_F(TcpConnectTest, CallsNobodyOnceItIsDestroyed) {
  std::uint16_t port = 0;
  {
    const auto listener = listen();
    port = listener->local().port;
    connect("127.0.0.1", port).reset();
  }

  loop_.run();

  EXPECT_FALSE(socket_);
  EXPECT_FALSE(why_);
}

}  // namespace
}  // namespace loop
