// A TCP or unix-socket server of a few lines for tests of clients: each connection is handed to a
// function on a thread of its own, which says exactly which bytes go out, and when.
#pragma once

#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "overlay/base/check.h"

namespace loop_test {

class Connection {
 public:
  explicit Connection(int fd) : fd_(fd) {}

  // Head and body of one request; "" when the client went away.
  std::string read_request() {
    std::string text;
    std::size_t wanted = std::string::npos;
    while (text.size() < wanted) {
      char buffer[4096];
      const ssize_t got = ::read(fd_, buffer, sizeof(buffer));
      if (got <= 0) {
        return "";
      }
      text.append(buffer, static_cast<std::size_t>(got));
      const std::size_t end = text.find("\r\n\r\n");
      if (end != std::string::npos && wanted == std::string::npos) {
        const std::size_t length = text.find("Content-Length: ");
        wanted = end + 4 + (length == std::string::npos ? 0 : std::stoul(text.substr(length + 16)));
      }
    }
    return text;
  }
  // The words of one Redis command (RESP array of bulk strings); empty when the client went away.
  std::vector<std::string> read_command() {
    std::vector<std::string> words;
    const std::string head = read_line();
    const int count = head.empty() ? 0 : std::stoi(head.substr(1));
    for (int i = 0; i < count; ++i) {
      std::string word(std::stoul(read_line().substr(1)), '\0');
      for (char& byte : word) {
        byte = read_byte();
      }
      words.push_back(word);
      read_line();
    }
    return words;
  }
  // False when the client went away.
  bool send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t put = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (put <= 0) {
        return false;
      }
      text.remove_prefix(static_cast<std::size_t>(put));
    }
    return true;
  }
  // Blocks until the client closes.
  void wait_for_close() {
    char byte = 0;
    while (::read(fd_, &byte, 1) > 0) {
    }
  }

 private:
  char read_byte() {
    char byte = 0;
    is_open_ = is_open_ && ::read(fd_, &byte, 1) == 1;
    return byte;
  }
  std::string read_line() {
    std::string line;
    for (char byte = read_byte(); is_open_ && byte != '\n'; byte = read_byte()) {
      line += byte;
    }
    return line.empty() ? line : line.substr(0, line.size() - 1);
  }

  int fd_;
  bool is_open_ = true;
};

class RawServer {
 public:
  using Handler = std::function<void(Connection&)>;

  // On 127.0.0.1, or on `unix_path` if given.
  explicit RawServer(Handler handler, const std::string& unix_path = "")
      : handler_(std::move(handler)) {
    listener_ = unix_path.empty() ? listen_tcp() : listen_unix(unix_path);
    accepting_ = std::thread([this] { accept_all(); });
  }
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;
  ~RawServer() {
    ::shutdown(listener_, SHUT_RDWR);
    accepting_.join();
    ::close(listener_);
    for (auto& client : clients_) {
      ::shutdown(client.fd, SHUT_RDWR);
      client.thread.join();
      ::close(client.fd);
    }
  }

  int port() const { return port_; }
  std::size_t connections() const {
    const std::lock_guard lock(mutex_);
    return clients_.size();
  }

 private:
  struct Client {
    int fd;
    std::thread thread;
  };

  int listen_tcp() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    CHECK(::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 && ::listen(fd, 64) == 0);
    CHECK(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    return fd;
  }
  static int listen_unix(const std::string& path) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    CHECK(path.size() < sizeof(address.sun_path));
    path.copy(address.sun_path, path.size());
    CHECK(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 &&
          ::listen(fd, 64) == 0);
    return fd;
  }
  void accept_all() {
    for (;;) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) {
        return;
      }
      const std::lock_guard lock(mutex_);
      clients_.push_back({fd, std::thread([this, fd] {
                            Connection connection(fd);
                            handler_(connection);
                            ::shutdown(fd, SHUT_RDWR);
                          })});
    }
  }

  Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  std::thread accepting_;
  mutable std::mutex mutex_;
  std::list<Client> clients_;
};

}  // namespace loop_test
