#include "overlay/loop/tcp_connect.h"

#include <memory>
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "overlay/loop/tcp.h"

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

TEST(ResolveEndpointTest, TakesAddressesAsTheyAre) {
  EXPECT_EQ(resolve_endpoint("192.0.2.7:7443").value().text(), "192.0.2.7:7443");
  EXPECT_EQ(resolve_endpoint("[2001:db8::7]:7443").value().text(), "[2001:db8::7]:7443");
}

TEST(ResolveEndpointTest, LooksNamesUp) {
  const auto found = resolve_endpoint("localhost:7443");
  ASSERT_TRUE(found.ok()) << found.error().text();
  EXPECT_THAT(found.value().text(), testing::AnyOf("127.0.0.1:7443", "[::1]:7443"));
}

TEST(ResolveEndpointTest, NamesWhatIsWrong) {
  for (const char* const text : {"", ":7443", "localhost", "localhost:", "localhost:70000",
                                 "localhost:x", "256.0.0.1:7443", "::1:7443"}) {
    const auto found = resolve_endpoint(text);
    ASSERT_FALSE(found.ok()) << text;
    EXPECT_EQ(found.error().code(), base::Errc::Malformed) << text;
  }
  const auto unknown = resolve_endpoint("no..such.host:7443");  // no resolver asks anybody for it
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code(), base::Errc::NotFound);
  EXPECT_THAT(unknown.error().text(), testing::HasSubstr("no..such.host"));
}

}  // namespace
}  // namespace loop
