#include "overlay/loop/icmp_ping.h"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <map>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "overlay/base/check.h"
#include "overlay/loop/handle.h"
#include "overlay/loop/icmp_echo.h"
#include "overlay/loop/timer.h"

namespace loop {
namespace {

constexpr int kReceivedPerTurnMax = 64;  // so that a flood of others' pings starves nobody

sockaddr_storage socket_address(const base::Address& address, socklen_t& size) {
  sockaddr_storage storage{};
  const auto bytes = address.bytes();
  if (address.is_v4()) {
    auto* const v4 = reinterpret_cast<sockaddr_in*>(&storage);
    v4->sin_family = AF_INET;
    std::memcpy(&v4->sin_addr, bytes.data(), bytes.size());
    size = sizeof(sockaddr_in);
  } else {
    auto* const v6 = reinterpret_cast<sockaddr_in6*>(&storage);
    v6->sin6_family = AF_INET6;
    std::memcpy(&v6->sin6_addr, bytes.data(), bytes.size());
    size = sizeof(sockaddr_in6);
  }
  return storage;
}

base::Address address_of(const sockaddr_storage& storage) {
  if (storage.ss_family == AF_INET) {
    return base::Address::v4(
        ntohl(reinterpret_cast<const sockaddr_in*>(&storage)->sin_addr.s_addr));
  }
  std::array<std::uint8_t, 16> bytes{};
  std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_addr,
              bytes.size());
  return base::Address::v6(bytes);
}

std::string reason(int code) {
  return std::system_category().message(code);
}

// Sends from the interface with this index, or as routed for 0: IP_PKTINFO and its IPv6 sibling
// choose it per packet, so one socket serves all interfaces (ip(7), ipv6(7)).
ssize_t send_by(int fd, const base::Address& to, std::vector<std::uint8_t>& bytes, unsigned index) {
  socklen_t size = 0;
  sockaddr_storage storage = socket_address(to, size);
  iovec part{bytes.data(), bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(in6_pktinfo))> control{};
  msghdr message{};
  message.msg_name = &storage;
  message.msg_namelen = size;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (index != 0) {
    message.msg_control = control.data();
    message.msg_controllen =
        to.is_v4() ? CMSG_SPACE(sizeof(in_pktinfo)) : CMSG_SPACE(sizeof(in6_pktinfo));
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    if (to.is_v4()) {
      in_pktinfo info{};
      info.ipi_ifindex = static_cast<int>(index);
      header->cmsg_level = IPPROTO_IP;
      header->cmsg_type = IP_PKTINFO;
      header->cmsg_len = CMSG_LEN(sizeof(info));
      std::memcpy(CMSG_DATA(header), &info, sizeof(info));
    } else {
      in6_pktinfo info{};
      info.ipi6_ifindex = index;
      header->cmsg_level = IPPROTO_IPV6;
      header->cmsg_type = IPV6_PKTINFO;
      header->cmsg_len = CMSG_LEN(sizeof(info));
      std::memcpy(CMSG_DATA(header), &info, sizeof(info));
    }
  }
  return ::sendmsg(fd, &message, MSG_DONTWAIT);
}

}  // namespace

struct Pinger::State {
  struct Socket {
    uv_poll_t handle{};
    State* owner = nullptr;
    int fd = -1;
  };
  struct Waiting {
    base::Address address;
    std::uint64_t sent_ns = 0;
    OnReply on_reply;
    Timer timer;
  };

  explicit State(Loop& given) : loop(given) {}
  ~State() {
    for (auto* socket : {&v4, &v6}) {
      if (*socket != nullptr) {
        const int fd = (*socket)->fd;
        socket->reset();
        ::close(fd);
      }
    }
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  base::Result<int> socket_for(bool is_v4);
  void receive(const Socket& socket);
  // True when it was ours: a callback ran, and `this` may be gone.
  bool handle_reply(const base::Address& from, std::span<const std::uint8_t> bytes, bool is_v4);
  void finish(std::uint16_t sequence, base::Result<base::Duration> result);

  Loop& loop;
  std::uint16_t identifier = static_cast<std::uint16_t>(::getpid());
  std::uint16_t next_sequence = 0;
  HandleOwner<Socket> v4;
  HandleOwner<Socket> v6;
  std::map<std::uint16_t, Waiting> waiting;  // by sequence
};

base::Result<int> Pinger::State::socket_for(bool is_v4) {
  HandleOwner<Socket>& owner = is_v4 ? v4 : v6;
  if (owner != nullptr) {
    return owner->fd;
  }
  const int fd = ::socket(is_v4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC,
                          is_v4 ? IPPROTO_ICMP : static_cast<int>(IPPROTO_ICMPV6));
  if (fd < 0) {
    return base::Error(base::Errc::Unavailable, "open raw icmp socket: " + reason(errno));
  }
  if (!is_v4) {
    icmp6_filter filter{};
    ICMP6_FILTER_SETBLOCKALL(&filter);
    ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
    ::setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter));
  }
  auto state = std::make_unique<Socket>();
  state->owner = this;
  state->fd = fd;
  auto opened = open_handle(std::move(state), [&](uv_poll_t* handle) {
    return uv_poll_init(&loop.handle(), handle, fd);
  });
  if (!opened.ok()) {
    ::close(fd);
    return opened.error().within("watch raw icmp socket");
  }
  owner = std::move(opened).value();
  const auto readable = [](uv_poll_t* handle, int, int) noexcept {
    const auto* const socket = static_cast<Socket*>(handle->data);
    socket->owner->receive(*socket);
  };
  CHECK(uv_poll_start(&owner->handle, UV_READABLE, readable) == 0);
  uv_unref(reinterpret_cast<uv_handle_t*>(&owner->handle));  // the timers of pings keep the loop
  return fd;
}

void Pinger::State::receive(const Socket& socket) {
  const bool is_v4 = &socket == v4.get();
  const int fd = socket.fd;
  std::array<std::uint8_t, 2048> buffer{};
  for (int i = 0; i < kReceivedPerTurnMax; ++i) {
    sockaddr_storage from{};
    socklen_t from_size = sizeof(from);
    const ssize_t size = ::recvfrom(fd, buffer.data(), buffer.size(), MSG_DONTWAIT,
                                    reinterpret_cast<sockaddr*>(&from), &from_size);
    if (size < 0) {
      return;
    }
    const std::span<const std::uint8_t> bytes(buffer.data(), static_cast<std::size_t>(size));
    if (handle_reply(address_of(from), bytes, is_v4)) {
      return;  // what is left in the socket brings the next event
    }
  }
}

bool Pinger::State::handle_reply(const base::Address& from, std::span<const std::uint8_t> bytes,
                                 bool is_v4) {
  const auto echo = parse_echo_reply(is_v4 ? base::Family::V4 : base::Family::V6, bytes);
  if (!echo || echo->identifier != identifier) {
    return false;
  }
  const auto entry = waiting.find(echo->sequence);
  if (entry == waiting.end() || entry->second.address != from) {
    return false;
  }
  finish(entry->first,
         base::Duration(static_cast<std::int64_t>(uv_hrtime() - entry->second.sent_ns)));
  return true;
}

void Pinger::State::finish(std::uint16_t sequence, base::Result<base::Duration> result) {
  const auto entry = waiting.find(sequence);
  const OnReply on_reply = std::move(entry->second.on_reply);
  waiting.erase(entry);
  on_reply(std::move(result));  // the last thing: it may destroy the Pinger
}

Pinger::Pinger(Loop& loop) : state_(std::make_unique<State>(loop)) {}

Pinger::~Pinger() = default;

base::Status Pinger::ping(const Target& target, OnReply on_reply) {
  const std::string where = "ping " + target.address.text();
  if (state_->waiting.size() >= kInFlightMax) {
    return base::Error(base::Errc::LimitExceeded,
                       where + ": " + std::to_string(kInFlightMax) + " pings in flight");
  }
  const auto fd = state_->socket_for(target.address.is_v4());
  if (!fd.ok()) {
    return fd.error().within(where);
  }
  unsigned index = 0;
  if (!target.interface.empty()) {
    index = ::if_nametoindex(target.interface.c_str());
    if (index == 0) {
      return base::Error(base::Errc::Unavailable, where + ": no interface " + target.interface);
    }
  }
  while (state_->waiting.contains(state_->next_sequence)) {
    ++state_->next_sequence;  // wraps; kInFlightMax is far below its range
  }
  const std::uint16_t sequence = state_->next_sequence++;
  auto bytes = make_echo_request(target.address.family(),
                                 {.identifier = state_->identifier, .sequence = sequence});
  const std::uint64_t sent_ns = uv_hrtime();
  if (send_by(fd.value(), target.address, bytes, index) < 0) {
    return base::Error(base::Errc::Unavailable, where + ": " + reason(errno));
  }
  State* const state = state_.get();
  const auto expire = [state, sequence, where] {
    state->finish(sequence, base::Error(base::Errc::Unavailable, where + ": no reply in time"));
  };
  const auto [entry, is_new] = state_->waiting.emplace(
      sequence,
      State::Waiting{target.address, sent_ns, std::move(on_reply), Timer(state_->loop, expire)});
  CHECK(is_new);
  entry->second.timer.start_after(target.timeout);
  return {};
}

}  // namespace loop
