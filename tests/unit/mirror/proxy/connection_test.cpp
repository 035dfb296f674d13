// The proxy's own HTTP/1.1: what a client sees on the wire.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "overlay/base/bytes.h"
#include "proxy_fixture.h"

namespace mirror {
namespace {

class ConnectionTest : public ProxyFixture {
 protected:
  // Sends `text` on a connection of its own and reads until `is_done` or the server's end.
  struct Wire {
    std::string got;
    bool is_ended = false;
    std::string error;
  };

  void connect() {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(node_->local().port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    socket_ = loop::TcpSocket::adopt(loop_, fd).value();
    socket_->on_ready([this](loop::TcpSocket::Ready) {
      std::array<std::uint8_t, 65536> buffer{};
      const auto size = socket_->read(buffer);
      if (!size.ok()) {
        wire_.error = size.error().text();
        wire_.is_ended = true;
      } else if (size.value() && *size.value() == 0) {
        wire_.is_ended = true;
      } else if (size.value()) {
        wire_.got.append(buffer.begin(),
                         buffer.begin() + static_cast<std::ptrdiff_t>(*size.value()));
      }
      if (wire_.is_ended) {
        socket_->watch(false, false);
      }
    });
    socket_->watch(true, false);
  }
  void send(const std::string& text) {
    ASSERT_TRUE(socket_->write(base::as_bytes(text), false).ok());
  }
  std::string until_end() {
    EXPECT_TRUE(run_until([&] { return wire_.is_ended; }));
    return wire_.got;
  }
  static std::size_t count(const std::string& text, const std::string& what) {
    std::size_t out = 0;
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
      ++out;
    }
    return out;
  }

  Wire wire_;
  std::unique_ptr<loop::TcpSocket> socket_;
};

TEST_F(ConnectionTest, RequestsSentAheadAreAnsweredInOrder) {
  connect();
  send(
      "GET /v2/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
      "HEAD /v2/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");

  const std::string got = until_end();
  EXPECT_EQ(count(got, "HTTP/1.1 200 OK"), 3u);
  EXPECT_LT(got.find("{}"), got.find("ok\n"));
  EXPECT_TRUE(got.ends_with("Connection: close\r\n\r\n"));
}

TEST_F(ConnectionTest, AHeadMayComeByteByByte) {
  connect();
  for (const char c :
       std::string("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")) {
    send(std::string(1, c));
    loop_.run_once();
  }

  EXPECT_TRUE(until_end().ends_with("ok\n"));
}

TEST_F(ConnectionTest, ABrokenOffBodyEndsByFinAndNeverByReset) {
  const Digest digest = near_.put_blob(some_bytes(6U << 20, 1));
  near_.fault = Fault::WrongBytes;
  connect();
  // With more requests behind, which are never read as such: a plain close would now send RST.
  send("GET " + blob_target(digest) + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" +
       "GET /v2/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");

  const std::string got = until_end();
  EXPECT_EQ(wire_.error, "");
  EXPECT_TRUE(got.starts_with("HTTP/1.1 200 OK"));
  EXPECT_LT(got.size(), 6U << 20);
  EXPECT_EQ(count(got, "HTTP/1.1"), 1u);
}

TEST_F(ConnectionTest, ABodyInARequestIsRefusedAndTheConnectionEnds) {
  connect();
  send("GET /v2/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n\r\nhello");

  const std::string got = until_end();
  EXPECT_TRUE(got.starts_with("HTTP/1.1 400"));
  EXPECT_EQ(wire_.error, "");
}

struct BadRequest {
  std::string name;
  std::string text;
  std::string status;
};
class RefusesRequest : public ConnectionTest, public ::testing::WithParamInterface<BadRequest> {};

TEST_P(RefusesRequest, AndEndsTheConnection) {
  connect();
  send(GetParam().text);
  const std::string got = until_end();
  EXPECT_EQ(got.substr(0, 12), "HTTP/1.1 " + GetParam().status);
}

INSTANTIATE_TEST_SUITE_P(
    Http, RefusesRequest,
    ::testing::Values(
        BadRequest{"Garbage", "hello\r\n\r\n", "400"},
        BadRequest{"TwoLengths", "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                   "400"},
        BadRequest{"LengthAndChunked",
                   "GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                   "400"},
        BadRequest{"ControlInHeader", std::string("GET / HTTP/1.1\r\nA: b\x01\r\n\r\n"), "400"},
        BadRequest{"SpaceBeforeColon", "GET / HTTP/1.1\r\nA : b\r\n\r\n", "400"},
        BadRequest{"Upgrade", "GET / HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
                   "400"},
        BadRequest{"LongTarget", "GET /" + std::string(5000, 'a') + " HTTP/1.1\r\n\r\n", "431"},
        BadRequest{"LongHeaders", "GET / HTTP/1.1\r\nA: " + std::string(20'000, 'a') + "\r\n\r\n",
                   "431"}),
    [](const auto& test) { return test.param.name; });

TEST_F(ConnectionTest, DrainingEndsIdleConnectionsAndThenSaysSo) {
  connect();
  send("GET /v2/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  ASSERT_TRUE(run_until([&] { return wire_.got.ends_with("{}"); }));
  bool is_drained = false;
  node_->drain(std::chrono::hours(1), [&] { is_drained = true; });

  until_end();
  EXPECT_EQ(wire_.error, "");
  socket_.reset();
  EXPECT_TRUE(run_until([&] { return is_drained; }));
}

TEST_F(ConnectionTest, DrainingDoesNotWaitForAClientThatDoesNotRead) {
  const Digest digest = near_.put_blob(some_bytes(64U << 20, 2));
  connect();
  send("GET " + blob_target(digest) + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  ASSERT_TRUE(run_until([&] { return !wire_.got.empty(); }));
  socket_->watch(false, false);
  bool is_drained = false;
  node_->drain(std::chrono::milliseconds(10), [&] { is_drained = true; });

  EXPECT_TRUE(run_until([&] { return is_drained; }));
  socket_->watch(true, false);
  EXPECT_LT(until_end().size(), 64U << 20);
  EXPECT_EQ(wire_.error, "");  // FIN, so that it asks elsewhere for the rest
}

}  // namespace
}  // namespace mirror
