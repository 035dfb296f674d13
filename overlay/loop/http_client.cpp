#include "overlay/loop/http_client.h"

#include <algorithm>
#include <map>
#include <utility>

#include <curl/curl.h>

#include "overlay/base/check.h"
#include "overlay/loop/handle.h"
#include "overlay/loop/http_transfer.h"
#include "overlay/loop/timer.h"

namespace loop {

// libcurl forbids adding and removing transfers from inside its callbacks. So everything that a
// user may ask from inside one is noted and done by `kick_` in a later turn (starting, resuming) or
// at the end of the frame (cancelling).
class HttpClientCore : public std::enable_shared_from_this<HttpClientCore> {
 public:
  HttpClientCore(Loop& loop, HttpClient::Options options);
  HttpClientCore(const HttpClientCore&) = delete;
  HttpClientCore& operator=(const HttpClientCore&) = delete;
  ~HttpClientCore();

  std::uint64_t start(std::unique_ptr<HttpTransfer> transfer);
  void cancel(std::uint64_t id);
  void pause(std::uint64_t id);
  void resume(std::uint64_t id);
  bool is_active(std::uint64_t id) { return find(id) != nullptr; }
  void close();

  std::size_t requests() const { return transfers_.size(); }
  std::uint64_t next_id() { return ++last_id_; }
  Loop& loop() { return loop_; }

 private:
  struct Poll {
    uv_poll_t handle;
    HttpClientCore* core;
    curl_socket_t socket;
  };

  static int on_socket(CURL* easy, curl_socket_t socket, int what, void* core, void* poll) noexcept;
  static int on_timeout(CURLM* multi, long timeout_ms, void* core) noexcept;
  // NOLINTNEXTLINE(bugprone-exception-escape): a throw ends the process here, before it meets C
  static void on_ready(uv_poll_t* handle, int status, int events) noexcept;
  static std::size_t on_header(char* data, std::size_t size, std::size_t count,
                               void* transfer) noexcept;
  static std::size_t on_body(char* data, std::size_t size, std::size_t count,
                             void* transfer) noexcept;

  HttpTransfer* find(std::uint64_t id);
  template <typename Step>
  void drive(Step step);
  void kick();
  void run_kicked();
  void begin(HttpTransfer& transfer);
  void give_head(HttpTransfer& transfer);
  void finish_completed();
  void check_idle(std::uint64_t id);
  // Takes the transfer out and tells its user how it ended.
  void finish(std::uint64_t id, base::Status status);
  void detach(HttpTransfer& transfer);

  Loop& loop_;
  HttpClient::Options options_;
  CURLM* multi_ = nullptr;
  Timer timeout_;
  Timer kick_timer_;
  std::map<curl_socket_t, HandleOwner<Poll>> polls_;
  std::map<std::uint64_t, std::unique_ptr<HttpTransfer>> transfers_;
  std::vector<std::unique_ptr<HttpTransfer>> cancelled_;  // inside a frame: freed at its end
  std::vector<std::uint64_t> starting_;
  std::vector<std::uint64_t> resuming_;
  std::uint64_t last_id_ = 0;
  bool is_driving_ = false;
};

HttpClientCore::HttpClientCore(Loop& loop, HttpClient::Options options)
    : loop_(loop),
      options_(std::move(options)),
      timeout_(loop,
               [this] {
                 drive([this] {
                   int running = 0;
                   curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
                 });
               }),
      kick_timer_(loop, [this] { run_kicked(); }) {
  CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);  // counted by libcurl
  multi_ = curl_multi_init();
  CHECK(multi_ != nullptr);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &HttpClientCore::on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &HttpClientCore::on_timeout);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS,
                    static_cast<long>(options_.connections_max));
  curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS,
                    static_cast<long>(options_.connections_per_host_max));
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(options_.idle_connections_max));
}

HttpClientCore::~HttpClientCore() {
  close();
  curl_multi_cleanup(multi_);
  curl_global_cleanup();
}

int HttpClientCore::on_socket(CURL* /*easy*/, curl_socket_t socket, int what, void* core,
                              void* /*poll*/) noexcept {
  auto& self = *static_cast<HttpClientCore*>(core);
  if (what == CURL_POLL_REMOVE) {
    self.polls_.erase(socket);
    return 0;
  }
  auto& poll = self.polls_[socket];
  if (!poll) {
    auto state = std::make_unique<Poll>(Poll{{}, &self, socket});
    // Fails for what is not a socket, or is polled already: neither comes from libcurl.
    poll = open_handle(std::move(state), [&](uv_poll_t* handle) {
             return uv_poll_init_socket(&self.loop_.handle(), handle, socket);
           }).value();
  }
  const int events = ((what & CURL_POLL_IN) != 0 ? UV_READABLE : 0) |
                     ((what & CURL_POLL_OUT) != 0 ? UV_WRITABLE : 0);
  uv_poll_start(&poll->handle, events, &HttpClientCore::on_ready);
  return 0;
}

int HttpClientCore::on_timeout(CURLM* /*multi*/, long timeout_ms, void* core) noexcept {
  auto& self = *static_cast<HttpClientCore*>(core);
  if (timeout_ms < 0) {
    self.timeout_.stop();
  } else {
    self.timeout_.start_after(std::chrono::milliseconds(timeout_ms));
  }
  return 0;
}

// NOLINTNEXTLINE(bugprone-exception-escape): a throw ends the process here, before it meets C
void HttpClientCore::on_ready(uv_poll_t* handle, int status, int events) noexcept {
  const auto* poll = static_cast<const Poll*>(handle->data);
  HttpClientCore& self = *poll->core;
  const curl_socket_t socket = poll->socket;
  const int flags = (status < 0 ? CURL_CSELECT_ERR : 0) |
                    ((events & UV_READABLE) != 0 ? CURL_CSELECT_IN : 0) |
                    ((events & UV_WRITABLE) != 0 ? CURL_CSELECT_OUT : 0);
  self.drive([&] {
    int running = 0;
    curl_multi_socket_action(self.multi_, socket, flags, &running);
  });
}

std::size_t HttpClientCore::on_header(char* data, std::size_t /*size*/, std::size_t count,
                                      void* context) noexcept {
  auto& transfer = *static_cast<HttpTransfer*>(context);
  if (transfer.is_cancelled) {
    return CURL_WRITEFUNC_ERROR;
  }
  transfer.active_at = transfer.core.loop_.now();
  const auto is_complete = take_header_line(transfer, {data, count});
  if (!is_complete.ok()) {
    transfer.failure = is_complete.error();
    return CURL_WRITEFUNC_ERROR;
  }
  if (is_complete.value()) {
    transfer.core.give_head(transfer);
  }
  return transfer.is_cancelled ? CURL_WRITEFUNC_ERROR : count;
}

std::size_t HttpClientCore::on_body(char* data, std::size_t /*size*/, std::size_t count,
                                    void* context) noexcept {
  auto& transfer = *static_cast<HttpTransfer*>(context);
  if (transfer.is_cancelled) {
    return CURL_WRITEFUNC_ERROR;
  }
  if (transfer.is_paused) {
    return CURL_WRITEFUNC_PAUSE;
  }
  transfer.active_at = transfer.core.loop_.now();
  if (count == 0) {
    return 0;
  }
  if (!transfer.is_whole()) {
    if (transfer.callbacks.on_data) {
      transfer.callbacks.on_data({reinterpret_cast<const std::uint8_t*>(data), count});
    }
    return transfer.is_cancelled ? CURL_WRITEFUNC_ERROR : count;
  }
  const std::size_t body_bytes_max = transfer.request.body_bytes_max;
  if (count > body_bytes_max - transfer.response.body.size()) {
    transfer.failure = base::Error(base::Errc::LimitExceeded,
                                   "body exceeds " + std::to_string(body_bytes_max) + " bytes");
    return CURL_WRITEFUNC_ERROR;
  }
  transfer.response.body.append(data, count);
  return count;
}

HttpTransfer* HttpClientCore::find(std::uint64_t id) {
  const auto found = transfers_.find(id);
  return found == transfers_.end() ? nullptr : found->second.get();
}

// Every entry into libcurl that may call users back goes through here.
template <typename Step>
void HttpClientCore::drive(Step step) {
  const auto keep = shared_from_this();  // a callback may destroy the client
  is_driving_ = true;
  step();
  is_driving_ = false;
  for (const auto& transfer : cancelled_) {
    detach(*transfer);
  }
  cancelled_.clear();
  finish_completed();
}

void HttpClientCore::kick() {
  if (!kick_timer_.is_started()) {
    kick_timer_.start_after(base::Duration(0));
  }
}

void HttpClientCore::run_kicked() {
  const auto keep = shared_from_this();
  for (const std::uint64_t id : std::exchange(starting_, {})) {
    if (HttpTransfer* const transfer = find(id)) {
      begin(*transfer);
    }
  }
  for (const std::uint64_t id : std::exchange(resuming_, {})) {
    drive([&] {
      HttpTransfer* const transfer = find(id);
      if (transfer != nullptr && transfer->is_added && !transfer->is_paused) {
        transfer->active_at = loop_.now();
        curl_easy_pause(transfer->easy.get(), CURLPAUSE_CONT);
      }
    });
  }
}

void HttpClientCore::begin(HttpTransfer& transfer) {
  base::Status status = transfer.failure ? base::Status(*transfer.failure)
                                         : configure_transfer(transfer, options_.user_agent);
  if (!status.ok()) {
    finish(transfer.id, status.error().within(transfer.where));
    return;
  }
  CURL* const easy = transfer.easy.get();
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &HttpClientCore::on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &HttpClientCore::on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, &transfer);
  const CURLMcode code = curl_multi_add_handle(multi_, easy);
  CHECK(code == CURLM_OK);  // refuses only handles that are in use and calls from its callbacks
  transfer.is_added = true;
  transfer.active_at = loop_.now();
  transfer.idle_timer =
      std::make_unique<Timer>(loop_, [this, id = transfer.id] { check_idle(id); });
  transfer.idle_timer->start_after(transfer.request.idle_timeout);
}

void HttpClientCore::give_head(HttpTransfer& transfer) {
  CURL* const easy = transfer.easy.get();
  HttpHead& head = transfer.response;
  char* text = nullptr;
  if (curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &text) == CURLE_OK && text != nullptr) {
    head.url = text;
  }
  if (transfer.request.unix_socket.empty() &&
      curl_easy_getinfo(easy, CURLINFO_PRIMARY_IP, &text) == CURLE_OK && text != nullptr) {
    head.remote_address = text;
  }
  long connects = 0;
  curl_off_t resolved_us = 0;
  curl_off_t connected_us = 0;
  curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connects);
  curl_easy_getinfo(easy, CURLINFO_NAMELOOKUP_TIME_T, &resolved_us);
  curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &connected_us);
  if (connects > 0 && connected_us > resolved_us) {
    head.connect_time = std::chrono::microseconds(connected_us - resolved_us);
  }
  transfer.is_head_given = true;
  if (!transfer.is_whole() && transfer.callbacks.on_head) {
    transfer.callbacks.on_head(head);
  }
}

void HttpClientCore::finish_completed() {
  std::vector<std::pair<std::uint64_t, CURLcode>> completed;
  int left = 0;
  while (const CURLMsg* const message = curl_multi_info_read(multi_, &left)) {
    HttpTransfer* transfer = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    completed.emplace_back(transfer->id, message->data.result);
  }
  for (const auto& [id, code] : completed) {
    if (const HttpTransfer* const transfer = find(id)) {  // else a callback before it cancelled it
      finish(id, transfer_status(*transfer, code));
    }
  }
}

void HttpClientCore::check_idle(std::uint64_t id) {
  const auto keep = shared_from_this();
  HttpTransfer* const transfer = find(id);
  CHECK(transfer != nullptr);  // its timer is gone with it
  CURL* const easy = transfer->easy.get();
  curl_off_t ready_us = 0;
  curl_off_t sent_bytes = 0;
  curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &ready_us);
  curl_easy_getinfo(easy, CURLINFO_SIZE_UPLOAD_T, &sent_bytes);
  // While it connects, or waits for a connection, other deadlines count.
  if (ready_us == 0 || transfer->is_paused || sent_bytes != transfer->sent_bytes) {
    transfer->active_at = loop_.now();
    transfer->sent_bytes = sent_bytes;
  }
  const base::Duration idle_timeout = transfer->request.idle_timeout;
  if (loop_.now() < transfer->active_at + idle_timeout) {
    transfer->idle_timer->start_at(transfer->active_at + idle_timeout);
    return;
  }
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(idle_timeout).count();
  finish(id, base::Error(base::Errc::Unavailable, "no byte in " + std::to_string(ms) + " ms")
                 .within(transfer->where));
}

void HttpClientCore::finish(std::uint64_t id, base::Status status) {
  auto node = transfers_.extract(id);
  const std::unique_ptr<HttpTransfer> transfer = std::move(node.mapped());
  detach(*transfer);
  if (!transfer->is_whole()) {
    if (transfer->callbacks.on_end) {
      transfer->callbacks.on_end(std::move(status));
    }
  } else if (status.ok()) {
    transfer->on_response(std::move(transfer->response));
  } else {
    transfer->on_response(status.error());
  }
}

// Requires not to be inside one of libcurl's callbacks.
void HttpClientCore::detach(HttpTransfer& transfer) {
  CHECK(!is_driving_);
  if (transfer.is_added) {
    curl_multi_remove_handle(multi_, transfer.easy.get());
    transfer.is_added = false;
  }
}

std::uint64_t HttpClientCore::start(std::unique_ptr<HttpTransfer> transfer) {
  const std::uint64_t id = transfer->id;
  if (auto status = check_request(*transfer); !status.ok()) {
    transfer->failure = status.error();
  } else if (transfers_.size() >= options_.requests_max) {
    transfer->failure =
        base::Error(base::Errc::LimitExceeded, std::to_string(options_.requests_max) +
                                                   " requests are under way, no more are taken");
  }
  transfers_.emplace(id, std::move(transfer));
  starting_.push_back(id);
  kick();
  return id;
}

void HttpClientCore::cancel(std::uint64_t id) {
  auto node = transfers_.extract(id);
  if (node.empty()) {
    return;
  }
  std::unique_ptr<HttpTransfer> transfer = std::move(node.mapped());
  transfer->is_cancelled = true;
  if (is_driving_) {
    transfer->idle_timer.reset();
    cancelled_.push_back(std::move(transfer));  // its own callback may be what runs now
  } else {
    detach(*transfer);
  }
}

void HttpClientCore::pause(std::uint64_t id) {
  if (HttpTransfer* const transfer = find(id)) {
    transfer->is_paused = true;
  }
}

void HttpClientCore::resume(std::uint64_t id) {
  HttpTransfer* const transfer = find(id);
  if (transfer != nullptr && transfer->is_paused) {
    transfer->is_paused = false;
    resuming_.push_back(id);
    kick();
  }
}

void HttpClientCore::close() {
  while (!transfers_.empty()) {
    cancel(transfers_.begin()->first);
  }
  kick_timer_.stop();
}

const std::string* HttpHead::find(std::string_view name) const {
  const auto found = std::find_if(headers.begin(), headers.end(),
                                  [&](const HttpHeader& header) { return header.name == name; });
  return found == headers.end() ? nullptr : &found->value;
}

RequestHandle::RequestHandle(std::weak_ptr<HttpClientCore> core, std::uint64_t id)
    : core_(std::move(core)), id_(id) {}
RequestHandle::RequestHandle(RequestHandle&& other) noexcept
    : core_(std::exchange(other.core_, {})), id_(other.id_) {}
RequestHandle& RequestHandle::operator=(RequestHandle&& other) noexcept {
  if (this != &other) {
    cancel();
    core_ = std::exchange(other.core_, {});
    id_ = other.id_;
  }
  return *this;
}
RequestHandle::~RequestHandle() {
  cancel();
}

void RequestHandle::cancel() {
  if (const auto core = core_.lock()) {
    core->cancel(id_);
  }
  core_.reset();
}
void RequestHandle::pause() {
  if (const auto core = core_.lock()) {
    core->pause(id_);
  }
}
void RequestHandle::resume() {
  if (const auto core = core_.lock()) {
    core->resume(id_);
  }
}
bool RequestHandle::is_active() const {
  const auto core = core_.lock();
  return core != nullptr && core->is_active(id_);
}

HttpClient::HttpClient(Loop& loop) : HttpClient(loop, Options()) {}
HttpClient::HttpClient(Loop& loop, Options options)
    : core_(std::make_shared<HttpClientCore>(loop, std::move(options))) {}
HttpClient::~HttpClient() {
  core_->close();
}

RequestHandle HttpClient::send(HttpRequest request,
                               std::function<void(base::Result<HttpResponse>)> done) {
  CHECK(done != nullptr);
  auto transfer = std::make_unique<HttpTransfer>(*core_, core_->next_id(), std::move(request));
  transfer->on_response = std::move(done);
  return {core_, core_->start(std::move(transfer))};
}

RequestHandle HttpClient::stream(HttpRequest request, HttpStreamCallbacks callbacks) {
  auto transfer = std::make_unique<HttpTransfer>(*core_, core_->next_id(), std::move(request));
  transfer->callbacks = std::move(callbacks);
  return {core_, core_->start(std::move(transfer))};
}

std::size_t HttpClient::requests() const {
  return core_->requests();
}

}  // namespace loop
