#include "overlay/loop/redis.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "overlay/base/backoff.h"
#include "overlay/base/check.h"
#include "overlay/base/ip.h"
#include "overlay/loop/redis_socket.h"
#include "overlay/loop/timer.h"

namespace loop {
namespace {

RedisReply to_reply(const redisReply& raw) {
  RedisReply reply;
  reply.integer = raw.integer;
  if (raw.str != nullptr) {
    reply.text.assign(raw.str, raw.len);
  }
  switch (raw.type) {
    case REDIS_REPLY_STRING:
      reply.kind = RedisReply::Kind::Text;
      break;
    case REDIS_REPLY_ARRAY:
      reply.kind = RedisReply::Kind::Array;
      for (std::size_t i = 0; i < raw.elements; ++i) {
        reply.items.push_back(to_reply(*raw.element[i]));
      }
      break;
    case REDIS_REPLY_INTEGER:
      reply.kind = RedisReply::Kind::Integer;
      break;
    case REDIS_REPLY_STATUS:
      reply.kind = RedisReply::Kind::Status;
      break;
    case REDIS_REPLY_ERROR:
      reply.kind = RedisReply::Kind::Error;
      break;
    default:  // REDIS_REPLY_NIL, the only one left in RESP2
      break;
  }
  return reply;
}

std::string first_word(const std::string& text) {
  return text.substr(0, text.find(' '));
}

// After these the server is not, or no longer, the one that takes our writes: connect anew.
bool ends_connection(const RedisReply& reply) {
  const std::string word = first_word(reply.text);
  return reply.is_error() && (word == "READONLY" || word == "LOADING" || word == "MASTERDOWN");
}

std::size_t bytes_of(const std::vector<std::string>& arguments) {
  std::size_t bytes = 0;
  for (const std::string& argument : arguments) {
    bytes += argument.size();
  }
  return bytes;
}

}  // namespace

// hiredis must not be freed from its connect and disconnect callbacks (only reply callbacks are
// guarded), so users are called from reply callbacks and from `deferred_`, never from those two.
class RedisCore : public std::enable_shared_from_this<RedisCore> {
 public:
  using Done = std::function<void(base::Result<RedisReply>)>;

  RedisCore(Loop& loop, Redis::Options options, base::RandomSource& random,
            std::function<void(Redis::State)> on_state)
      : loop_(loop),
        options_(std::move(options)),
        on_state_(std::move(on_state)),
        backoff_(options_.reconnect_first, options_.reconnect_max, random),
        retry_(loop, [this] { connect(); }),
        deadline_(loop, [this] { check_deadlines(); }),
        kick_(loop, [this] { run_deferred(); }) {}
  RedisCore(const RedisCore&) = delete;
  RedisCore& operator=(const RedisCore&) = delete;
  ~RedisCore() { close(); }

  void connect();
  void close();
  void command(const std::vector<std::string>& arguments, base::Duration timeout, Done done);

  Redis::State state() const { return state_; }
  std::size_t in_flight() const { return pending_.size(); }
  base::Status why() const { return why_; }
  base::Duration command_timeout() const { return options_.command_timeout; }

 private:
  struct Pending {
    Done done;
    base::TimePoint deadline;
    std::size_t bytes;
  };
  struct Target {
    std::string host;
    std::uint16_t port;
  };
  struct Lookup {
    uv_getaddrinfo_t request{};
    RedisCore* core = nullptr;  // null once nobody waits for it
    Target target;
  };

  static void on_connect(const redisAsyncContext* context, int status) noexcept;
  static void on_disconnect(const redisAsyncContext* context, int status) noexcept;
  // NOLINTNEXTLINE(bugprone-exception-escape): a throw ends the process here, before it meets C
  static void on_reply(redisAsyncContext* context, void* reply, void* unused) noexcept;
  static void on_lookup(uv_getaddrinfo_t* request, int status, addrinfo* found) noexcept;

  void resolve(Target target);
  void open(redisAsyncContext* context);
  void greet();
  void check_role(const base::Result<RedisReply>& reply);
  void ask_sentinel();
  void use_master(const base::Result<RedisReply>& reply);
  void write(const std::vector<std::string>& arguments, base::Duration timeout, Done done);
  void let_go();
  void lose(const std::string& why);
  void set_state(Redis::State state);
  void defer(std::function<void()> call);
  void run_deferred();
  void wake_by(base::TimePoint at);
  void check_deadlines();

  Loop& loop_;
  Redis::Options options_;
  std::function<void(Redis::State)> on_state_;
  base::Backoff backoff_;
  Timer retry_;
  Timer deadline_;
  Timer kick_;
  Redis::State state_ = Redis::State::Connecting;
  base::Status why_;
  redisAsyncContext* context_ = nullptr;  // hiredis's; freed by let_go or by itself when it breaks
  Lookup* lookup_ = nullptr;              // libuv's until on_lookup
  std::string place_;                     // what we are connected to, for error texts
  std::size_t next_sentinel_ = 0;
  bool is_at_sentinel_ = false;
  std::optional<base::TimePoint> connect_deadline_;  // until the greeting is answered
  std::optional<base::TimePoint> wake_at_;           // what deadline_ is set to
  std::deque<Pending> pending_;
  std::size_t pending_bytes_ = 0;
  std::deque<std::function<void()>> deferred_;
};

void RedisCore::connect() {
  set_state(Redis::State::Connecting);
  connect_deadline_ = loop_.now() + options_.connect_timeout;
  wake_by(*connect_deadline_);
  is_at_sentinel_ = !options_.sentinels.empty();
  if (is_at_sentinel_) {
    const auto& sentinel = options_.sentinels[next_sentinel_++ % options_.sentinels.size()];
    resolve({sentinel.host, sentinel.port});
  } else if (!options_.unix_path.empty()) {
    place_ = "redis " + options_.unix_path;
    open(redisAsyncConnectUnix(options_.unix_path.c_str()));
  } else {
    resolve({options_.host, options_.port});
  }
}

// hiredis would look names up with a blocking call.
void RedisCore::resolve(Target target) {
  place_ =
      (is_at_sentinel_ ? "sentinel " : "redis ") + target.host + ":" + std::to_string(target.port);
  if (base::Address::parse(target.host).ok()) {
    open(redisAsyncConnect(target.host.c_str(), target.port));
    return;
  }
  lookup_ = new Lookup{{}, this, std::move(target)};
  lookup_->request.data = lookup_;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  const int code = uv_getaddrinfo(&loop_.handle(), &lookup_->request, &RedisCore::on_lookup,
                                  lookup_->target.host.c_str(), nullptr, &hints);
  if (code != 0) {
    delete std::exchange(lookup_, nullptr);
    lose(std::string("resolve: ") + uv_strerror(code));
  }
}

void RedisCore::on_lookup(uv_getaddrinfo_t* request, int status, addrinfo* found) noexcept {
  const std::unique_ptr<Lookup> lookup(static_cast<Lookup*>(request->data));
  const std::unique_ptr<addrinfo, decltype(&uv_freeaddrinfo)> owner(found, uv_freeaddrinfo);
  RedisCore* const self = lookup->core;
  if (self == nullptr) {
    return;
  }
  self->lookup_ = nullptr;
  if (status != 0 || found == nullptr) {
    self->lose(std::string("resolve: ") + uv_strerror(status));
    return;
  }
  char text[INET6_ADDRSTRLEN] = "";
  const int code =
      found->ai_family == AF_INET6
          ? uv_ip6_name(reinterpret_cast<sockaddr_in6*>(found->ai_addr), text, sizeof(text))
          : uv_ip4_name(reinterpret_cast<sockaddr_in*>(found->ai_addr), text, sizeof(text));
  CHECK(code == 0);
  self->open(redisAsyncConnect(text, lookup->target.port));
}

void RedisCore::open(redisAsyncContext* context) {
  CHECK(context != nullptr);  // out of memory
  if (context->err != 0) {
    const std::string why = context->errstr;
    redisAsyncFree(context);
    lose("connect: " + why);
    return;
  }
  if (auto status = attach_redis(*context, loop_); !status.ok()) {
    redisAsyncFree(context);
    lose("connect: " + status.error().text());
    return;
  }
  context_ = context;
  context_->data = this;
  redisAsyncSetConnectCallback(context_, &RedisCore::on_connect);
  redisAsyncSetDisconnectCallback(context_, &RedisCore::on_disconnect);
  if (is_at_sentinel_) {
    ask_sentinel();
  } else {
    greet();
  }
}

// Ready means that the server has loaded its data and is a master. PING answers LOADING until then;
// ROLE answers always.
void RedisCore::greet() {
  const base::Duration wait = options_.connect_timeout;
  if (!options_.password.empty()) {
    write({"AUTH", options_.password}, wait, [this](const base::Result<RedisReply>& reply) {
      if (reply.ok() && reply.value().is_error()) {
        lose("AUTH: " + first_word(reply.value().text));
      }
    });
  }
  write({"PING"}, wait, [this](const base::Result<RedisReply>& reply) {
    if (reply.ok() && reply.value().is_error() && context_ != nullptr) {
      lose("PING: " + reply.value().text);
    }
  });
  write({"ROLE"}, wait, [this](const base::Result<RedisReply>& reply) { check_role(reply); });
}

void RedisCore::check_role(const base::Result<RedisReply>& reply) {
  if (!reply.ok() || context_ == nullptr) {
    return;
  }
  const RedisReply& role = reply.value();
  const std::string name = role.items.empty() ? role.text : role.items.front().text;
  if (name != "master") {
    lose("ROLE: " + name + ", expected master");
    return;
  }
  connect_deadline_.reset();
  backoff_.reset();
  set_state(Redis::State::Ready);
}

void RedisCore::ask_sentinel() {
  write({"SENTINEL", "get-master-addr-by-name", options_.sentinel_master}, options_.connect_timeout,
        [this](const base::Result<RedisReply>& reply) { use_master(reply); });
}

void RedisCore::use_master(const base::Result<RedisReply>& reply) {
  if (!reply.ok()) {
    return;
  }
  const RedisReply& found = reply.value();
  const bool is_pair = found.items.size() == 2;
  const int port = is_pair ? std::atoi(found.items[1].text.c_str()) : 0;
  if (port <= 0 || port > 65535) {
    lose(found.is_error() ? found.text : "knows no master named " + options_.sentinel_master);
    return;
  }
  --next_sentinel_;  // this one answers: ask it first the next time
  let_go();
  is_at_sentinel_ = false;
  resolve({found.items[0].text, static_cast<std::uint16_t>(port)});
}

void RedisCore::on_connect(const redisAsyncContext* context, int status) noexcept {
  auto* const self = static_cast<RedisCore*>(context->data);
  if (self != nullptr && status != REDIS_OK) {
    self->context_ = nullptr;  // hiredis frees it after this
    self->lose(std::string("connect: ") + context->errstr);
  }
}

void RedisCore::on_disconnect(const redisAsyncContext* context, int /*status*/) noexcept {
  auto* const self = static_cast<RedisCore*>(context->data);
  if (self != nullptr) {
    self->context_ = nullptr;
    self->lose(context->errstr != nullptr && context->errstr[0] != '\0' ? context->errstr
                                                                        : "closed by the server");
  }
}

// NOLINTNEXTLINE(bugprone-exception-escape): a throw ends the process here, before it meets C
void RedisCore::on_reply(redisAsyncContext* context, void* raw, void* /*unused*/) noexcept {
  auto* const core = static_cast<RedisCore*>(context->data);
  if (core == nullptr || raw == nullptr) {
    return;  // let go, or breaking: lose() ends what is pending
  }
  const auto self = core->shared_from_this();  // the callback may destroy the Redis
  CHECK(!self->pending_.empty());
  Pending pending = std::move(self->pending_.front());
  self->pending_.pop_front();
  self->pending_bytes_ -= pending.bytes;
  const RedisReply reply = to_reply(*static_cast<const redisReply*>(raw));
  const bool is_last = ends_connection(reply) && !self->connect_deadline_;
  pending.done(reply);
  if (is_last && self->context_ == context) {
    self->lose(reply.text);
  }
}

void RedisCore::write(const std::vector<std::string>& arguments, base::Duration timeout,
                      Done done) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const std::string& argument : arguments) {
    texts.push_back(argument.data());
    sizes.push_back(argument.size());
  }
  const int code =
      redisAsyncCommandArgv(context_, &RedisCore::on_reply, nullptr,
                            static_cast<int>(arguments.size()), texts.data(), sizes.data());
  CHECK(code == REDIS_OK);  // refuses only on a connection that is closing, which we let go of
  const base::TimePoint deadline = loop_.now() + timeout;
  pending_.push_back({std::move(done), deadline, bytes_of(arguments)});
  pending_bytes_ += pending_.back().bytes;
  wake_by(deadline);
}

void RedisCore::wake_by(base::TimePoint at) {
  if (!wake_at_ || at < *wake_at_) {
    wake_at_ = at;
    deadline_.start_at(at);
  }
}

void RedisCore::command(const std::vector<std::string>& arguments, base::Duration timeout,
                        Done done) {
  std::optional<base::Error> refusal;
  if (state_ != Redis::State::Ready) {
    refusal = base::Error(base::Errc::Unavailable,
                          place_ + ": not connected" +
                              (why_.ok() ? std::string() : " (" + why_.error().text() + ")"));
  } else if (pending_.size() >= Redis::kInFlightMax) {
    refusal =
        base::Error(base::Errc::LimitExceeded, place_ + ": " + std::to_string(Redis::kInFlightMax) +
                                                   " commands are in flight, no more are taken");
  } else if (pending_bytes_ + bytes_of(arguments) > Redis::kInFlightBytesMax) {
    refusal = base::Error(base::Errc::LimitExceeded, place_ + ": " +
                                                         std::to_string(Redis::kInFlightBytesMax) +
                                                         " bytes are in flight, no more are taken");
  }
  if (refusal) {
    defer([done = std::move(done), error = *refusal] { done(error); });
    return;
  }
  write(arguments, timeout, std::move(done));
}

void RedisCore::let_go() {
  if (lookup_ != nullptr) {
    std::exchange(lookup_, nullptr)->core = nullptr;
  }
  if (context_ != nullptr) {
    context_->data = nullptr;  // its callbacks no longer concern us
    redisAsyncFree(std::exchange(context_, nullptr));
  }
}

void RedisCore::lose(const std::string& why) {
  let_go();
  connect_deadline_.reset();
  deadline_.stop();
  wake_at_.reset();
  const base::Error error(base::Errc::Unavailable, place_ + ": " + why);
  const bool was_ready = state_ == Redis::State::Ready;
  for (Pending& pending : std::exchange(pending_, {})) {
    if (was_ready) {  // before that only our own greeting is pending
      defer([done = std::move(pending.done),
             unknown = base::Error(error.code(), error.text() + ": outcome unknown")] {
        done(unknown);
      });
    }
  }
  pending_bytes_ = 0;
  why_ = error;
  set_state(Redis::State::Waiting);
  retry_.start_after(backoff_.next());
}

void RedisCore::set_state(Redis::State state) {
  if (state == state_) {
    return;
  }
  state_ = state;
  if (on_state_) {
    defer([this, state] { on_state_(state); });
  }
}

void RedisCore::defer(std::function<void()> call) {
  deferred_.push_back(std::move(call));
  if (!kick_.is_started()) {
    kick_.start_after(base::Duration(0));
  }
}

void RedisCore::run_deferred() {
  const auto keep = shared_from_this();
  for (std::size_t left = deferred_.size(); left > 0 && !deferred_.empty(); --left) {
    const auto call = std::move(deferred_.front());
    deferred_.pop_front();
    call();
  }
}

void RedisCore::check_deadlines() {
  const base::TimePoint now = loop_.now();
  wake_at_.reset();
  if (connect_deadline_ && *connect_deadline_ <= now) {
    lose("connect: no answer in time");
    return;
  }
  std::optional<base::TimePoint> next = connect_deadline_;
  for (const Pending& pending : pending_) {
    if (pending.deadline <= now) {
      lose("no reply in time");
      return;
    }
    next = std::min(next.value_or(pending.deadline), pending.deadline);
  }
  if (next) {
    wake_by(*next);
  }
}

void RedisCore::close() {
  let_go();
  deferred_.clear();
  pending_.clear();
  kick_.stop();
  retry_.stop();
  deadline_.stop();
}

Redis::Redis(Loop& loop, Options options, base::RandomSource& random,
             std::function<void(State)> on_state)
    : core_(std::make_shared<RedisCore>(loop, std::move(options), random, std::move(on_state))) {
  core_->connect();
}
Redis::~Redis() {
  core_->close();
}

void Redis::command(const std::vector<std::string>& arguments,
                    std::function<void(base::Result<RedisReply>)> done) {
  core_->command(arguments, core_->command_timeout(), std::move(done));
}
void Redis::command(const std::vector<std::string>& arguments, base::Duration timeout,
                    std::function<void(base::Result<RedisReply>)> done) {
  core_->command(arguments, timeout, std::move(done));
}

Redis::State Redis::state() const {
  return core_->state();
}
std::size_t Redis::in_flight() const {
  return core_->in_flight();
}
base::Status Redis::why() const {
  return core_->why();
}

}  // namespace loop
