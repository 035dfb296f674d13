#pragma once

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "overlay/base/check.h"
#include "overlay/base/ip.h"

namespace loop {

// A TCP client on loopback that says exactly what a test wants, without blocking but to connect.
class PlainClient {
 public:
  explicit PlainClient(const base::Endpoint& server, const char* from = "127.0.0.1")
      : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    CHECK(fd_ >= 0);
    sockaddr_in own{};
    own.sin_family = AF_INET;
    CHECK(::inet_pton(AF_INET, from, &own.sin_addr) == 1);
    CHECK(::bind(fd_, reinterpret_cast<const sockaddr*>(&own), sizeof(own)) == 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server.port);
    std::memcpy(&address.sin_addr, server.address.bytes().data(), 4);
    CHECK(::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  }
  ~PlainClient() { ::close(fd_); }
  PlainClient(const PlainClient&) = delete;
  PlainClient& operator=(const PlainClient&) = delete;

  // What the socket does not take at once is lost.
  void send(const std::string& text) {
    ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }

  // Reads what there is; true once the server has closed.
  bool is_closed() {
    std::array<char, 16384> buffer{};
    for (;;) {
      const ssize_t size = ::recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (size <= 0) {
        return size == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
      }
      received_.append(buffer.data(), static_cast<std::size_t>(size));
    }
  }

  const std::string& received() const { return received_; }

 private:
  int fd_;
  std::string received_;
};

}  // namespace loop
