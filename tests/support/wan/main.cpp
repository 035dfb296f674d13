// wan_relay: the lab's emulated WAN. One TAP device a place; what one place sends reaches another
// after the delay, jitter, loss and rate of their path.
//
//   wan_relay run SOCKET NAME...     makes TAP devices wan-NAME here and relays until it is killed
//   wan_relay ctl SOCKET WORDS...    sends one command (see command.h), prints the answer
//
// The devices may be moved to other network namespaces: the file descriptors stay here.
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "overlay/base/random.h"
#include "overlay/base/result.h"
#include "tests/support/wan/command.h"
#include "tests/support/wan/network.h"

namespace wan {
namespace {

using base::Errc;
using base::Error;
using base::Result;
using base::Status;

constexpr std::size_t kFrameBytesMax = 65'536;
constexpr int kFramesATurnMax = 64;  // from one device before the others are looked at
constexpr std::size_t kCommandBytesMax = 512;
// Frames that arrive within this of each other are written in one wake-up. Well under a
// millisecond, so that a measured round trip stays the emulated one.
constexpr base::Duration kWakeSlack = std::chrono::microseconds(50);
constexpr std::uint64_t kSeed = 1;  // the same traffic loses the same frames

class Fd {
 public:
  explicit Fd(int value = -1) : value_(value) {}
  Fd(Fd&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() {
    if (value_ >= 0) {
      close(value_);
    }
  }

  int get() const { return value_; }
  bool is_open() const { return value_ >= 0; }

 private:
  int value_;
};

Error system_error(const std::string& call) {
  return Error(Errc::Device, call + ": " + strerrordesc_np(errno));
}

// For calls whose failure changes nothing; says so where it is used.
void ignore(ssize_t /*result*/) {}

// libuv's timers count milliseconds, too coarse for this; hence its own clock and timer.
base::TimePoint clock_now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return base::TimePoint(std::chrono::seconds(now.tv_sec) + base::Duration(now.tv_nsec));
}

Result<Fd> open_tap(const std::string& name) {
  Fd tap(open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!tap.is_open()) {
    return system_error("open /dev/net/tun");
  }
  ifreq request{};
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  if (name.size() >= sizeof request.ifr_name) {
    return Error(Errc::Malformed, "device " + name + ": name over 15 characters");
  }
  std::memcpy(request.ifr_name, name.data(), name.size());
  if (ioctl(tap.get(), TUNSETIFF, &request) != 0) {
    return system_error("TUNSETIFF " + name);
  }
  return tap;
}

Result<sockaddr_un> socket_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return Error(Errc::Malformed, "socket " + path + ": path over 107 characters");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

const sockaddr* generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

Result<Fd> listen_at(const std::string& path) {
  const Result<sockaddr_un> address = socket_address(path);
  if (!address.ok()) {
    return address.error();
  }
  unlink(path.c_str());
  Fd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!listener.is_open() ||
      bind(listener.get(), generic(address.value()), sizeof(sockaddr_un)) != 0 ||
      listen(listener.get(), 16) != 0) {
    return system_error("listen " + path);
  }
  return listener;
}

class Relay {
 public:
  Relay(const std::vector<std::string>& names, std::vector<Fd> taps, Fd listener)
      : random_(kSeed),
        network_(names, random_),
        taps_(std::move(taps)),
        listener_(std::move(listener)) {}

  // Returns only when it cannot go on.
  Status run() {
    epoll_ = Fd(epoll_create1(EPOLL_CLOEXEC));
    timer_ = Fd(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
    for (const Fd& tap : taps_) {
      watch(tap.get());
    }
    watch(listener_.get());
    watch(timer_.get());
    while (true) {
      std::array<epoll_event, 16> events{};
      const int count =
          epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
      if (count < 0 && errno != EINTR) {
        return system_error("epoll_wait");
      }
      for (int i = 0; i < count; ++i) {
        handle_readable(events[static_cast<std::size_t>(i)].data.fd);
      }
      deliver();
      arm_timer();
    }
  }

 private:
  void watch(int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    CHECK(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0);
  }

  void handle_readable(int fd) {
    if (fd == timer_.get()) {
      std::uint64_t expirations = 0;
      ignore(read(fd, &expirations, sizeof expirations));  // it only wakes
      return;
    }
    if (fd == listener_.get()) {
      answer(Fd(accept4(fd, nullptr, nullptr, SOCK_CLOEXEC)));
      return;
    }
    for (std::size_t port = 0; port < taps_.size(); ++port) {
      if (taps_[port].get() == fd) {
        take_frames(port);
      }
    }
  }

  void take_frames(std::size_t port) {
    const base::TimePoint now = clock_now();
    for (int i = 0; i < kFramesATurnMax; ++i) {
      const ssize_t size = read(taps_[port].get(), buffer_.data(), buffer_.size());
      if (size <= 0) {
        return;
      }
      network_.handle_frame(port, {buffer_.begin(), buffer_.begin() + size}, now);
    }
  }

  void deliver() {
    const base::TimePoint now = clock_now();
    while (auto delivery = network_.poll(now)) {
      // A device that is down or full loses the frame, as a wire would.
      ignore(write(taps_[delivery->port].get(), delivery->frame.data(), delivery->frame.size()));
    }
  }

  void arm_timer() {
    const auto wake_at = network_.next_timeout();
    itimerspec setting{};  // zero disarms
    if (wake_at) {
      const base::Duration at = std::max(*wake_at, clock_now() + kWakeSlack).time_since_epoch();
      setting.it_value.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(at).count();
      setting.it_value.tv_nsec = (at % std::chrono::seconds(1)).count();
    }
    timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &setting, nullptr);
  }

  // Commands come from the lab's own scripts, one at a time; half a second is more than they need.
  void answer(Fd client) {
    if (!client.is_open()) {
      return;
    }
    const timeval patience{.tv_sec = 0, .tv_usec = 500'000};
    setsockopt(client.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(client.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    std::string line;
    std::array<char, kCommandBytesMax> chunk{};
    while (line.find('\n') == std::string::npos && line.size() < kCommandBytesMax) {
      const ssize_t size = read(client.get(), chunk.data(), chunk.size());
      if (size <= 0) {
        return;
      }
      line.append(chunk.data(), static_cast<std::size_t>(size));
    }
    const Result<std::string> result = run_command(network_, line.substr(0, line.find('\n')));
    const std::string text =
        (result.ok() ? result.value() : "error: " + result.error().text()) + "\n";
    ignore(send(client.get(), text.data(), text.size(), MSG_NOSIGNAL));  // gone: its own matter
  }

  base::SeededRandom random_;
  Network network_;
  std::vector<Fd> taps_;
  Fd listener_;
  Fd epoll_;
  Fd timer_;
  std::vector<std::uint8_t> buffer_ = std::vector<std::uint8_t>(kFrameBytesMax);
};

Status run_relay(const std::string& socket_path, const std::vector<std::string>& names) {
  if (names.size() < 2 || names.size() > Network::kPortsMax) {
    return Error(Errc::Malformed, std::to_string(names.size()) + " places, expected 2.." +
                                      std::to_string(Network::kPortsMax));
  }
  std::vector<Fd> taps;
  for (const std::string& name : names) {
    Result<Fd> tap = open_tap("wan-" + name);
    if (!tap.ok()) {
      return tap.error();
    }
    taps.push_back(std::move(tap).value());
  }
  Result<Fd> listener = listen_at(socket_path);
  if (!listener.ok()) {
    return listener.error();
  }
  return Relay(names, std::move(taps), std::move(listener).value()).run();
}

Status send_command(const std::string& socket_path, const std::vector<std::string>& words) {
  const Result<sockaddr_un> address = socket_address(socket_path);
  if (!address.ok()) {
    return address.error();
  }
  std::string text;
  for (const std::string& word : words) {
    text += (text.empty() ? "" : " ") + word;
  }
  text += "\n";
  const Fd client(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(client.get(), generic(address.value()), sizeof(sockaddr_un)) != 0) {
    return system_error("connect " + socket_path);
  }
  if (send(client.get(), text.data(), text.size(), MSG_NOSIGNAL) < 0) {
    return system_error("send " + socket_path);
  }
  std::string answer;
  std::array<char, 4096> chunk{};
  ssize_t size = 0;
  while ((size = read(client.get(), chunk.data(), chunk.size())) > 0) {
    answer.append(chunk.data(), static_cast<std::size_t>(size));
  }
  if (answer.empty() || answer.starts_with("error: ")) {
    return Error(Errc::Malformed,
                 answer.empty() ? "no answer" : answer.substr(7, answer.size() - 8));
  }
  std::fputs(answer.c_str(), stdout);
  return {};
}

}  // namespace
}  // namespace wan

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() < 3 || (words[0] != "run" && words[0] != "ctl")) {
    std::fputs("usage: wan_relay run SOCKET NAME... | wan_relay ctl SOCKET WORDS...\n", stderr);
    return 2;
  }
  const std::vector<std::string> rest(words.begin() + 2, words.end());
  const base::Status status =
      words[0] == "run" ? wan::run_relay(words[1], rest) : wan::send_command(words[1], rest);
  if (!status.ok()) {
    std::fprintf(stderr, "wan_relay: %s\n", status.error().text().c_str());
    return 1;
  }
  return 0;
}
