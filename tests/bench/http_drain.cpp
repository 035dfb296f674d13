// Asks a plain HTTP server for one path and lets the kernel throw the body away, so that what is
// measured is the server and not this client.
//
//   http_drain PORT TARGET bytes          one GET; prints bytes a second
//   http_drain PORT TARGET first COUNT    COUNT one-byte ranges on one connection; prints the 50th
//                                         and 99th percentile of the time to the first byte, in us
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using Clock = std::chrono::high_resolution_clock;

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

int connect_to(const char* port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::strtoul(port, nullptr, 10)));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    die("connect");
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return fd;
}

void send_request(int fd, const std::string& target, std::string_view range) {
  std::string request = "GET " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\n";
  if (!range.empty()) {
    request.append("Range: ").append(range).append("\r\n");
  }
  request += "\r\n";
  if (write(fd, request.data(), request.size()) != static_cast<ssize_t>(request.size())) {
    die("write");
  }
}

// Reads the head byte-exactly (MSG_PEEK), gives the body's length.
std::size_t read_head(int fd) {
  std::array<char, 8192> buffer{};
  while (true) {
    const ssize_t seen = recv(fd, buffer.data(), buffer.size(), MSG_PEEK);
    if (seen <= 0) {
      die("recv");
    }
    const std::string_view text(buffer.data(), static_cast<std::size_t>(seen));
    const std::size_t end = text.find("\r\n\r\n");
    if (end == std::string_view::npos) {
      continue;
    }
    if (recv(fd, buffer.data(), end + 4, MSG_WAITALL) < 0) {
      die("recv");
    }
    const std::size_t at = text.find("Content-Length: ");
    if (at == std::string_view::npos || text.substr(9, 2) != "20") {
      std::fprintf(stderr, "unexpected answer: %.*s\n", static_cast<int>(end), buffer.data());
      std::exit(1);
    }
    return std::strtoull(buffer.data() + at + 16, nullptr, 10);
  }
}

void discard(int fd, std::size_t size) {
  static std::array<char, 1 << 20> unused;
  while (size > 0) {
    const ssize_t got = recv(fd, unused.data(), std::min(size, unused.size()), MSG_TRUNC);
    if (got <= 0) {
      die("recv");
    }
    size -= static_cast<std::size_t>(got);
  }
}

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: http_drain PORT TARGET bytes | first COUNT\n");
    return 2;
  }
  const int fd = connect_to(argv[1]);
  const std::string target = argv[2];
  if (std::string_view(argv[3]) == "bytes") {
    const auto begin = Clock::now();
    send_request(fd, target, "");
    const std::size_t size = read_head(fd);
    discard(fd, size);
    std::printf("%.0f\n", static_cast<double>(size) / seconds_since(begin));
    return 0;
  }
  std::vector<double> times;
  const long count = argc > 4 ? std::strtol(argv[4], nullptr, 10) : 1000;
  for (long i = 0; i < count; ++i) {
    const auto begin = Clock::now();
    send_request(fd, target, "bytes=0-0");
    discard(fd, read_head(fd));
    times.push_back(seconds_since(begin) * 1e6);
  }
  std::sort(times.begin(), times.end());
  std::printf("%.0f %.0f\n", times[times.size() / 2], times[times.size() * 99 / 100]);
  return 0;
}
