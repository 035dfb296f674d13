#include "overlay/loop/http_server.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>
#include <system_error>
#include <unordered_map>
#include <utility>

#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "overlay/base/check.h"
#include "overlay/base/log.h"
#include "overlay/loop/http_connection.h"
#include "overlay/loop/http_message.h"
#include "overlay/loop/timer.h"

namespace loop {
namespace {

constexpr base::Duration kSweepInterval = std::chrono::seconds(1);
constexpr int kAcceptedPerTurnMax = 64;  // a storm of joins must not starve those already in
constexpr int kBacklog = 4096;
// After a storm of handshakes their freed buffers lie between what stays: 3 000 at once left 39 KB
// a connection, 21 KB once trimmed. A trim walks the heap, so it waits for some seconds with few
// newcomers, in which the first answers to those that came are sent too.
constexpr std::uint64_t kTrimAfterAccepted = 500;
constexpr std::uint64_t kTrimQuietAccepted = 20;
constexpr int kTrimQuietSweeps = 3;

std::string reason(int code) {
  return std::system_category().message(code);
}

socklen_t to_socket_address(const base::Endpoint& endpoint, sockaddr_storage& storage) {
  const auto bytes = endpoint.address.bytes();
  if (endpoint.address.is_v4()) {
    auto* const v4 = reinterpret_cast<sockaddr_in*>(&storage);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(endpoint.port);
    std::memcpy(&v4->sin_addr, bytes.data(), bytes.size());
    return sizeof(sockaddr_in);
  }
  auto* const v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons(endpoint.port);
  std::memcpy(&v6->sin6_addr, bytes.data(), bytes.size());
  return sizeof(sockaddr_in6);
}

// IPv4 clients of a socket that listens on [::] come mapped; they are shown as what they are.
base::Endpoint to_endpoint(const sockaddr_storage& storage) {
  if (storage.ss_family == AF_INET) {
    const auto* const v4 = reinterpret_cast<const sockaddr_in*>(&storage);
    return {base::Address::v4(ntohl(v4->sin_addr.s_addr)), ntohs(v4->sin_port)};
  }
  const auto* const v6 = reinterpret_cast<const sockaddr_in6*>(&storage);
  if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
    std::uint32_t network_order = 0;
    std::memcpy(&network_order, &v6->sin6_addr.s6_addr[12], sizeof(network_order));
    return {base::Address::v4(ntohl(network_order)), ntohs(v6->sin6_port)};
  }
  std::array<std::uint8_t, 16> bytes{};
  std::memcpy(bytes.data(), &v6->sin6_addr, bytes.size());
  return {base::Address::v6(bytes), ntohs(v6->sin6_port)};
}

// What one client is taken to be: an IPv4 address, or a whole /64, which any IPv6 host may use up.
base::Address network_of(const base::Address& address) {
  constexpr std::size_t kBytes = 8;
  if (address.is_v4()) {
    return address;
  }
  std::array<std::uint8_t, 16> bytes{};
  std::copy_n(address.bytes().begin(), kBytes, bytes.begin());
  return base::Address::v6(bytes);
}

base::Result<int> listen_on(const base::Endpoint& endpoint) {
  sockaddr_storage storage{};
  const socklen_t size = to_socket_address(endpoint, storage);
  const int fd = ::socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const auto fail = [&](const char* call) {
    const int code = errno;
    if (fd >= 0) {
      ::close(fd);
    }
    const auto errc = code == EADDRINUSE ? base::Errc::Conflict : base::Errc::Unavailable;
    return base::Error(errc, std::string(call) + " " + endpoint.text() + ": " + reason(code));
  };
  if (fd < 0) {
    return fail("open socket for");
  }
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&storage), size) != 0) {
    return fail("bind");
  }
  if (::listen(fd, kBacklog) != 0) {
    return fail("listen on");
  }
  return fd;
}

// A client whose machine or path vanished without a word is noticed within a minute, whether we
// have something to send to it (user timeout) or not (keepalive).
void prepare_accepted(int fd) {
  const auto set = [fd](int level, int name, int value) {
    ::setsockopt(fd, level, name, &value, sizeof(value));
  };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 30);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 10);
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, 60'000);
}

// The soft limit is 1024 on many systems whatever the hard one allows.
void raise_descriptor_limit(std::size_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < wanted) {
    limit.rlim_cur = std::min<rlim_t>(wanted, limit.rlim_max);
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

}  // namespace

class HttpServer::State : public std::enable_shared_from_this<HttpServer::State> {
 public:
  State(Loop& loop, Options options, Handler handler, std::optional<TlsContext> tls)
      : loop_(loop),
        options_(std::move(options)),
        handler_(std::move(handler)),
        tls_(std::move(tls)),
        bodies_(options_.receiving_bytes_max),
        sweep_(loop, [this] { sweep(); }),
        drained_(loop, [this] { finish_drain(); }) {
    context_.body_bytes_max = options_.body_bytes_max;
    context_.requests_per_connection_max = options_.requests_per_connection_max;
    context_.bodies = &bodies_;
    context_.date = http_date(loop.wall_now());
    owner_.on_output = [this](HttpConnection& connection) { schedule_pump(connection); };
    owner_.on_closed = [this](HttpConnection& connection) { retire(connection); };
    owner_.now = [this] { return loop_.now(); };
  }

  base::Status listen(int fd);
  void shut_down();
  void drain(base::Duration wait, std::function<void()> on_drained);

  base::Endpoint local() const { return local_; }
  Counters counters() const {
    Counters counters = counters_;
    counters.connections = connections_.size();
    return counters;
  }

 private:
  struct Listener {
    uv_poll_t handle;
    State* state;
    int fd;
  };
  // The owner callbacks of one connection, which differ in the request's remote.
  struct Accepted {
    HttpConnection::Owner owner;
    base::Address remote;  // network_of() it
    std::unique_ptr<HttpConnection> connection;
  };

  void accept_some();
  void add(int fd, const base::Endpoint& remote);
  void dispatch(HttpIncoming incoming, const base::Endpoint& remote);
  void schedule_pump(HttpConnection& connection);
  void pump_due();
  void retire(HttpConnection& connection);
  void sweep();
  void trim_memory(std::size_t handshakes);
  void close_listener();
  void finish_drain();

  Loop& loop_;
  Options options_;
  Handler handler_;
  std::optional<TlsContext> tls_;
  BodyBudget bodies_;
  HttpContext context_;
  HttpConnection::Owner owner_;
  HandleOwner<Listener> listener_;
  base::Endpoint local_;
  Timer sweep_;
  Timer drained_;
  Counters counters_;
  std::unordered_map<HttpConnection*, std::unique_ptr<Accepted>> connections_;
  std::map<base::Address, std::size_t> connections_of_;  // by Accepted::remote; never zero
  std::vector<std::unique_ptr<Accepted>> retired_;       // closed; freed in a later turn
  std::vector<HttpConnection*> due_;                     // to be pumped in a later turn
  std::uint64_t accepted_at_sweep_ = 0;
  std::uint64_t accepted_at_trim_ = 0;
  int quiet_sweeps_ = 0;
  std::function<void()> on_drained_;
  bool is_draining_ = false;
  bool is_shut_down_ = false;
};

base::Status HttpServer::State::listen(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);
  CHECK(::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) == 0);
  local_ = to_endpoint(storage);
  auto listener = std::make_unique<Listener>();
  listener->state = this;
  listener->fd = fd;
  auto opened = open_handle(std::move(listener), [&](uv_poll_t* handle) {
    return uv_poll_init(&loop_.handle(), handle, fd);
  });
  if (!opened.ok()) {
    ::close(fd);
    return opened.error().within("listen on " + local_.text());
  }
  listener_ = std::move(opened).value();
  const auto readable = [](uv_poll_t* handle, int, int) noexcept {
    static_cast<Listener*>(handle->data)->state->accept_some();
  };
  CHECK(uv_poll_start(&listener_->handle, UV_READABLE, readable) == 0);
  sweep_.start_after(kSweepInterval);
  return {};
}

void HttpServer::State::accept_some() {
  // A turn's handlers may close the listener (drain) or the whole server.
  for (int i = 0; i < kAcceptedPerTurnMax && listener_ != nullptr; ++i) {
    sockaddr_storage storage{};
    socklen_t size = sizeof(storage);
    const int fd = ::accept4(listener_->fd, reinterpret_cast<sockaddr*>(&storage), &size,
                             SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      add(fd, to_endpoint(storage));
      continue;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      // The connection stays in the backlog and the socket readable: asking again at once would
      // turn the loop for nothing until somebody leaves. The next sweep asks again.
      base::log_warning("accept on " + local_.text() + ": " + reason(errno));
      uv_poll_stop(&listener_->handle);
      return;
    }
    if (errno != ECONNABORTED && errno != EINTR) {
      return;
    }
  }
}

void HttpServer::State::add(int fd, const base::Endpoint& remote) {
  const base::Address network = network_of(remote.address);
  const auto known = connections_of_.find(network);
  const std::size_t of_network = known == connections_of_.end() ? 0 : known->second;
  if (connections_.size() >= options_.connections_max ||
      of_network >= options_.connections_per_remote_max) {
    ++counters_.connections_refused;
    ::close(fd);  // a refusal in words would cost a handshake, which is what there is too much of
    return;
  }
  ++counters_.connections_accepted;
  prepare_accepted(fd);
  auto accepted = std::make_unique<Accepted>();
  accepted->owner = owner_;
  accepted->remote = network;
  connections_of_[network] = of_network + 1;
  accepted->owner.on_request = [this, remote](HttpIncoming incoming) {
    dispatch(std::move(incoming), remote);
  };
  accepted->connection = std::make_unique<HttpConnection>(
      loop_, fd, tls_.has_value() ? &*tls_ : nullptr, context_, accepted->owner);
  HttpConnection* const key = accepted->connection.get();
  connections_.emplace(key, std::move(accepted));
}

void HttpServer::State::dispatch(HttpIncoming incoming, const base::Endpoint& remote) {
  ++counters_.requests;
  incoming.request.remote = remote;
  const auto self = shared_from_this();  // the handler may destroy the server
  handler_(std::move(incoming.request), Responder(loop_, incoming.exchange));
}

void HttpServer::State::schedule_pump(HttpConnection& connection) {
  if (std::exchange(connection.is_pump_due, true)) {
    return;
  }
  if (due_.empty()) {
    loop_.post([self = shared_from_this()] { self->pump_due(); });
  }
  due_.push_back(&connection);
}

// A change that goes to ten thousand streams makes one round here, each connection once.
void HttpServer::State::pump_due() {
  for (HttpConnection* const connection : std::exchange(due_, {})) {
    connection->is_pump_due = false;  // closed ones are there still: they are freed after us
    connection->pump();
  }
}

void HttpServer::State::retire(HttpConnection& connection) {
  const auto entry = connections_.find(&connection);
  CHECK(entry != connections_.end());
  const auto of_network = connections_of_.find(entry->second->remote);
  CHECK(of_network != connections_of_.end());
  if (--of_network->second == 0) {
    connections_of_.erase(of_network);
  }
  if (retired_.empty()) {
    // Posted after the pump_due() that may still hold it, so it runs after that.
    loop_.post([self = shared_from_this()] { self->retired_.clear(); });
  }
  retired_.push_back(std::move(entry->second));
  connections_.erase(entry);
  if (is_draining_ && connections_.empty()) {
    drained_.start_after(base::Duration::zero());
  }
}

void HttpServer::State::sweep() {
  context_.date = http_date(loop_.wall_now());
  std::size_t handshakes = 0;
  std::vector<HttpConnection*> open;
  open.reserve(connections_.size());
  for (const auto& [connection, accepted] : connections_) {
    open.push_back(connection);
    handshakes += connection->is_shaking_hands() ? 1U : 0U;
  }
  const auto self = shared_from_this();  // an on_closed may destroy the server
  for (HttpConnection* const connection : open) {
    connection->handle_timeout(loop_.now(), options_.idle_timeout);
  }
  if (is_shut_down_) {
    return;
  }
  if (listener_ != nullptr &&
      uv_is_active(reinterpret_cast<uv_handle_t*>(&listener_->handle)) == 0) {
    uv_poll_start(&listener_->handle, UV_READABLE, [](uv_poll_t* handle, int, int) noexcept {
      static_cast<Listener*>(handle->data)->state->accept_some();
    });
  }
  trim_memory(handshakes);
  sweep_.start_after(kSweepInterval);
}

void HttpServer::State::trim_memory(std::size_t handshakes) {
  const std::uint64_t accepted = counters_.connections_accepted;
  const bool is_quiet = accepted - accepted_at_sweep_ + handshakes < kTrimQuietAccepted;
  accepted_at_sweep_ = accepted;
  quiet_sweeps_ = is_quiet ? quiet_sweeps_ + 1 : 0;
  if (quiet_sweeps_ >= kTrimQuietSweeps && accepted - accepted_at_trim_ >= kTrimAfterAccepted) {
    ::malloc_trim(0);
    accepted_at_trim_ = accepted;
  }
}

void HttpServer::State::close_listener() {
  if (listener_ != nullptr) {
    const int fd = listener_->fd;
    listener_.reset();
    ::close(fd);
  }
}

void HttpServer::State::shut_down() {
  is_shut_down_ = true;
  on_drained_ = nullptr;
  close_listener();
  while (!connections_.empty()) {
    connections_.begin()->first->close();
  }
  sweep_.stop();
  drained_.stop();
}

void HttpServer::State::drain(base::Duration wait, std::function<void()> on_drained) {
  is_draining_ = true;
  on_drained_ = std::move(on_drained);
  close_listener();
  std::vector<HttpConnection*> open;
  for (const auto& [connection, accepted] : connections_) {
    open.push_back(connection);
  }
  for (HttpConnection* const connection : open) {
    connection->drain();
  }
  drained_.start_after(connections_.empty() ? base::Duration::zero() : wait);
}

void HttpServer::State::finish_drain() {
  if (const auto on_drained = std::exchange(on_drained_, nullptr)) {
    on_drained();  // may destroy the server
  }
}

const std::string& HttpServer::Request::header(const std::string& name) const {
  static const std::string none;
  const auto entry = headers.find(name);
  return entry == headers.end() ? none : entry->second;
}

void HttpServer::Stream::wake() {
  if (const auto exchange = exchange_.lock(); exchange != nullptr && exchange->session != nullptr) {
    exchange->session->wake(*exchange);
  }
}

void HttpServer::Stream::close() {
  if (const auto exchange = exchange_.lock(); exchange != nullptr && exchange->session != nullptr) {
    exchange->is_ending = true;
    exchange->session->wake(*exchange);
  }
}

bool HttpServer::Stream::is_open() const {
  const auto exchange = exchange_.lock();
  return exchange != nullptr && exchange->session != nullptr;
}

HttpServer::Responder::Responder(Loop& loop, std::weak_ptr<HttpExchange> exchange)
    : loop_(&loop), exchange_(std::move(exchange)) {}

HttpServer::Responder::Responder(Responder&& other) noexcept
    : loop_(other.loop_),
      exchange_(std::move(other.exchange_)),
      is_used_(std::exchange(other.is_used_, true)) {}

HttpServer::Responder& HttpServer::Responder::operator=(Responder&& other) noexcept {
  std::swap(loop_, other.loop_);
  std::swap(exchange_, other.exchange_);
  std::swap(is_used_, other.is_used_);
  return *this;
}

HttpServer::Responder::~Responder() {
  if (!is_used_) {
    respond(refusal_response({500, "the request was dropped inside the server"}));
  }
}

void HttpServer::Responder::respond(Response response) {
  CHECK(!is_used_);
  is_used_ = true;
  const auto exchange = exchange_.lock();
  if (exchange == nullptr || exchange->session == nullptr) {
    return;
  }
  exchange->is_answered = true;
  exchange->status = response.status;
  exchange->headers = std::move(response.headers);
  exchange->body = std::move(response.body);
  exchange->session->answer(*exchange);
}

HttpServer::Stream HttpServer::Responder::begin_stream(StreamOptions options) {
  CHECK(!is_used_);
  is_used_ = true;
  const auto exchange = exchange_.lock();
  if (exchange == nullptr || exchange->session == nullptr) {
    if (options.on_closed) {
      loop_->post(std::move(options.on_closed));
    }
    return {};
  }
  exchange->is_answered = true;
  exchange->is_stream = true;
  exchange->status = options.status;
  exchange->headers = std::move(options.headers);
  exchange->pull = std::move(options.pull);
  exchange->on_closed = std::move(options.on_closed);
  exchange->session->answer(*exchange);
  return Stream(exchange);
}

bool HttpServer::Responder::is_client_gone() const {
  const auto exchange = exchange_.lock();
  return exchange == nullptr || exchange->session == nullptr;
}

HttpServer::HttpServer(std::shared_ptr<State> state) : state_(std::move(state)) {}

base::Result<std::unique_ptr<HttpServer>> HttpServer::open(Loop& loop, Options options,
                                                           Handler handler) {
  std::optional<TlsContext> tls;
  if (!options.cert_pem.empty() || !options.key_pem.empty()) {
    auto made = TlsContext::make_server(options.cert_pem, options.key_pem);
    if (!made.ok()) {
      return made.error().within("listen on " + options.listen.text());
    }
    tls = std::move(made).value();
  }
  constexpr std::size_t kOtherDescriptors = 256;
  raise_descriptor_limit(options.connections_max + kOtherDescriptors);
  const auto fd = listen_on(options.listen);
  if (!fd.ok()) {
    return fd.error();
  }
  auto state =
      std::make_shared<State>(loop, std::move(options), std::move(handler), std::move(tls));
  if (auto status = state->listen(fd.value()); !status.ok()) {
    return status.error();
  }
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

HttpServer::~HttpServer() {
  state_->shut_down();
}

base::Endpoint HttpServer::local() const {
  return state_->local();
}

HttpServer::Counters HttpServer::counters() const {
  return state_->counters();
}

void HttpServer::drain(base::Duration wait, std::function<void()> on_drained) {
  state_->drain(wait, std::move(on_drained));
}

}  // namespace loop
