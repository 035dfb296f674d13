#include "overlay/loop/http_transfer.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>

#include "overlay/base/bytes.h"
#include "overlay/base/hex.h"

namespace loop {
namespace {

struct FreeUrl {
  void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

// Libraries begin their sentences with a capital and some end them with a full stop; ours go on.
std::string as_clause(std::string text) {
  const bool is_word = text.size() > 1 && std::islower(static_cast<unsigned char>(text[1])) != 0;
  if (is_word || (text.size() > 1 && text[1] == ' ')) {
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  }
  while (!text.empty() && (text.back() == '.' || text.back() == '\n')) {
    text.pop_back();
  }
  return text;
}

std::string seconds_text(base::Duration wait) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(wait).count();
  return ms % 1000 == 0 ? std::to_string(ms / 1000) + " s" : std::to_string(ms) + " ms";
}

std::string url_part(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK || text == nullptr) {
    return {};
  }
  std::string out(text);
  curl_free(text);
  return out;
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  });
}

bool is_token(std::string_view text) {  // RFC 9110, 5.6.2
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::strchr("!#$%&'*+-.^_`|~", c) != nullptr;
  });
}

base::Error malformed(std::string text) {
  return {base::Errc::Malformed, std::move(text)};
}

base::Status check_parts(const HttpRequest& request) {
  if (!is_token(request.method)) {
    return malformed("method: expected a word such as GET");
  }
  for (const HttpHeader& header : request.headers) {
    if (!is_token(header.name)) {
      return malformed("header: name has characters that a header name cannot have");
    }
    if (has_control(header.value)) {
      return malformed("header " + header.name + ": value has control characters");
    }
  }
  if (request.redirects_max < 0 || request.redirects_max > HttpRequest::kRedirectsMax) {
    return malformed("redirects_max: " + std::to_string(request.redirects_max) + ", expected 0.." +
                     std::to_string(HttpRequest::kRedirectsMax));
  }
  return {};
}

// Sockets must not leak into child processes, and libcurl 7.88 does not ask for that itself.
curl_socket_t open_socket(void* /*context*/, curlsocktype /*purpose*/,
                          curl_sockaddr* address) noexcept {
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

// Sets options and remembers whether one was not taken.
class OptionSetter {
 public:
  explicit OptionSetter(CURL* easy) : easy_(easy) {}

  template <typename Value>
  void operator()(CURLoption option, Value value) {
    const CURLcode code = curl_easy_setopt(easy_, option, value);
    if (code != CURLE_OK && code_ == CURLE_OK) {
      code_ = code;
    }
  }
  CURLcode code() const { return code_; }

 private:
  CURL* easy_;
  CURLcode code_ = CURLE_OK;
};

long milliseconds(base::Duration wait) {
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
  return static_cast<long>(std::clamp<std::int64_t>(ms, 1, 0x7fffffff));  // 0 would mean "never"
}

void set_method(OptionSetter& set, const HttpRequest& request) {
  if (request.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
    return;
  }
  if (request.method == "GET" && request.body.empty()) {
    set(CURLOPT_HTTPGET, 1L);
    return;
  }
  const bool has_body = !request.body.empty() || request.method == "POST" ||
                        request.method == "PUT" || request.method == "PATCH";
  if (has_body) {
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(CURLOPT_POSTFIELDS, request.body.data());  // borrowed: the transfer owns the request
  }
  set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

void set_tls(OptionSetter& set, const HttpRequest& request) {
  if (request.pinned_spki) {
    const std::string pin = "sha256//" + base::base64_encode(*request.pinned_spki);
    set(CURLOPT_PINNEDPUBLICKEY, pin.c_str());
    set(CURLOPT_SSL_VERIFYPEER, 0L);
    set(CURLOPT_SSL_VERIFYHOST, 0L);
    // Nobody's certificate is looked up, so the system's bundle need not be read: parsed, it takes
    // more than a megabyte for every new connection.
    set(CURLOPT_CAINFO, static_cast<const char*>(nullptr));
    set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_3));
    return;
  }
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!request.ca_file.empty()) {
    set(CURLOPT_CAINFO, request.ca_file.c_str());
  }
}

void set_limits(OptionSetter& set, const HttpTransfer& transfer) {
  const HttpRequest& request = transfer.request;
  set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds(request.connect_timeout));
  if (request.total_timeout) {
    set(CURLOPT_TIMEOUT_MS, milliseconds(*request.total_timeout));
  }
  set(CURLOPT_BUFFERSIZE,
      static_cast<long>(std::clamp<std::size_t>(request.buffer_bytes, 1U << 10, 512U << 10)));
  if (transfer.is_whole() && request.method != "HEAD") {  // which names a size and sends nothing
    set(CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(request.body_bytes_max));
  }
  if (request.redirects_max > 0) {
    set(CURLOPT_FOLLOWLOCATION, 1L);
    set(CURLOPT_MAXREDIRS, static_cast<long>(request.redirects_max));
  }
}

// Only what the caller gave goes out: nothing that libcurl would add for a form or a large upload.
base::Status set_headers(OptionSetter& set, HttpTransfer& transfer) {
  bool has_type = false;
  std::vector<std::string> lines = {"Expect:"};
  for (const HttpHeader& header : transfer.request.headers) {
    has_type = has_type || lower(header.name) == "content-type";
    // "name;" is libcurl's way to say: send this one with an empty value.
    lines.push_back(header.value.empty() ? header.name + ";" : header.name + ": " + header.value);
  }
  if (!has_type) {
    lines.emplace_back("Content-Type:");
  }
  for (const std::string& line : lines) {
    curl_slist* const longer = curl_slist_append(transfer.headers.get(), line.c_str());
    if (longer == nullptr) {
      return malformed("headers: out of memory");
    }
    (void)transfer.headers.release();  // the list is the same one, or its first element
    transfer.headers.reset(longer);
  }
  set(CURLOPT_HTTPHEADER, transfer.headers.get());
  return {};
}

void set_route(OptionSetter& set, HttpTransfer& transfer) {
  const HttpRequest& request = transfer.request;
  set(CURLOPT_PROXY, "");     // not from the environment either
  set(CURLOPT_NOPROXY, "*");  // coordinator and replicas are reached directly
  if (!request.unix_socket.empty()) {
    set(CURLOPT_UNIX_SOCKET_PATH, request.unix_socket.c_str());
  }
  if (request.connect_to) {
    // CONNECT_TO and not RESOLVE: it belongs to this request alone and its connection is not
    // reused for one that goes elsewhere, where RESOLVE writes into a cache that all share.
    const std::unique_ptr<CURLU, FreeUrl> url(curl_url());
    curl_url_set(url.get(), CURLUPART_URL, request.url.c_str(), 0);
    const std::string entry = url_part(url.get(), CURLUPART_HOST) + ":" +
                              url_part(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT) + ":" +
                              request.connect_to->text();
    transfer.connect_to.reset(curl_slist_append(nullptr, entry.c_str()));
    set(CURLOPT_CONNECT_TO, transfer.connect_to.get());
  }
}

std::string phase_of(const HttpTransfer& transfer) {
  curl_off_t connected_us = 0;
  curl_easy_getinfo(transfer.easy.get(), CURLINFO_CONNECT_TIME_T, &connected_us);
  return connected_us == 0 ? "connect" : "tls";
}

base::Error timeout_error(const HttpTransfer& transfer) {
  curl_off_t ready_us = 0;  // when the request could be sent
  curl_easy_getinfo(transfer.easy.get(), CURLINFO_PRETRANSFER_TIME_T, &ready_us);
  if (ready_us == 0) {
    return {base::Errc::Unavailable, phase_of(transfer) + ": no answer in " +
                                         seconds_text(transfer.request.connect_timeout)};
  }
  const auto total = transfer.request.total_timeout.value_or(base::Duration(0));
  return {base::Errc::Unavailable, "no complete answer in " + seconds_text(total)};
}

base::Error curl_error(const HttpTransfer& transfer, CURLcode code) {
  const HttpRequest& request = transfer.request;
  long os_error = 0;
  curl_easy_getinfo(transfer.easy.get(), CURLINFO_OS_ERRNO, &os_error);
  const std::string detail = as_clause(transfer.error_text[0] != '\0' ? transfer.error_text.data()
                                                                      : curl_easy_strerror(code));
  switch (code) {
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
      return {
          base::Errc::Unauthenticated,
          "tls: the server's key is not the pinned one, expected sha256//" +
              base::base64_encode(request.pinned_spki.value_or(std::array<std::uint8_t, 32>{}))};
    case CURLE_PEER_FAILED_VERIFICATION:
      return {base::Errc::Unauthenticated, "tls: certificate not accepted: " + detail};
    case CURLE_COULDNT_CONNECT:
      return {base::Errc::Unavailable,
              "connect: " +
                  (os_error == 0
                       ? detail
                       : as_clause(std::generic_category().message(static_cast<int>(os_error))))};
    case CURLE_COULDNT_RESOLVE_HOST:
      return {base::Errc::Unavailable, "resolve: " + detail};
    case CURLE_OPERATION_TIMEDOUT:
      return timeout_error(transfer);
    case CURLE_TOO_MANY_REDIRECTS:
      return {base::Errc::LimitExceeded,
              "more than " + std::to_string(request.redirects_max) + " redirects"};
    case CURLE_FILESIZE_EXCEEDED:
      return {base::Errc::LimitExceeded,
              "body exceeds " + std::to_string(request.body_bytes_max) + " bytes"};
    case CURLE_UNSUPPORTED_PROTOCOL:
      return {base::Errc::Malformed, "redirect: " + detail};
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
      return {base::Errc::Unavailable, "broken off: " + detail};
    default:  // libcurl's list is open; what is not told apart is worth another try
      return {base::Errc::Unavailable, detail};
  }
}

}  // namespace

base::Status check_request(HttpTransfer& transfer) {
  const HttpRequest& request = transfer.request;
  transfer.where = "url";
  const std::unique_ptr<CURLU, FreeUrl> url(curl_url());
  const CURLUcode parsed =
      curl_url_set(url.get(), CURLUPART_URL, request.url.c_str(), CURLU_NON_SUPPORT_SCHEME);
  if (parsed != CURLUE_OK || has_control(request.url)) {
    return malformed(
        as_clause(curl_url_strerror(parsed == CURLUE_OK ? CURLUE_MALFORMED_INPUT : parsed)) +
        ", expected https://host[:port]/path");
  }
  const std::string scheme = url_part(url.get(), CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") {
    return malformed("scheme " + scheme + ", expected http or https");
  }
  if (!url_part(url.get(), CURLUPART_USER).empty() ||
      !url_part(url.get(), CURLUPART_PASSWORD).empty()) {
    return malformed("has a user or password, expected https://host[:port]/path");
  }
  if (!url_part(url.get(), CURLUPART_FRAGMENT).empty()) {
    return malformed("has a fragment, expected https://host[:port]/path");
  }
  const std::string port = url_part(url.get(), CURLUPART_PORT);
  transfer.where = scheme + "://" + url_part(url.get(), CURLUPART_HOST) +
                   (port.empty() ? "" : ":" + port) + url_part(url.get(), CURLUPART_PATH);
  return check_parts(request);
}

base::Status configure_transfer(HttpTransfer& transfer, const std::string& user_agent) {
  transfer.easy.reset(curl_easy_init());
  CHECK(transfer.easy != nullptr);  // out of memory
  const HttpRequest& request = transfer.request;
  OptionSetter set(transfer.easy.get());
  set(CURLOPT_ERRORBUFFER, transfer.error_text.data());
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  // A page that was asked for safely is not fetched unsafely because a server says so.
  set(CURLOPT_REDIR_PROTOCOLS_STR, transfer.where.rfind("https:", 0) == 0 ? "https" : "http,https");
  set(CURLOPT_USERAGENT, user_agent.c_str());
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);  // a cancel must not wait for a resolver thread
  set(CURLOPT_HTTP_CONTENT_DECODING, 0L);
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_OPENSOCKETFUNCTION, open_socket);
  set(CURLOPT_HTTP_VERSION,
      static_cast<long>(request.http1_only ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS));
  set_method(set, request);
  set_tls(set, request);
  set_limits(set, transfer);
  set_route(set, transfer);
  if (auto status = set_headers(set, transfer); !status.ok()) {
    return status;
  }
  if (set.code() != CURLE_OK) {
    return malformed(as_clause(curl_easy_strerror(set.code())));
  }
  return {};
}

base::Status transfer_status(const HttpTransfer& transfer, CURLcode code) {
  if (transfer.failure) {
    return transfer.failure->within(transfer.where);
  }
  if (code == CURLE_OK) {
    return {};
  }
  return curl_error(transfer, code).within(transfer.where);
}

base::Result<bool> take_header_line(HttpTransfer& transfer, std::string_view line) {
  if (transfer.is_head_given) {
    return false;  // a trailer
  }
  HttpHead& head = transfer.response;
  transfer.head_bytes += line.size();
  if (transfer.head_bytes > transfer.request.header_bytes_max) {
    return base::Error(
        base::Errc::LimitExceeded,
        "head exceeds " + std::to_string(transfer.request.header_bytes_max) + " bytes");
  }
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) {
    line.remove_suffix(1);
  }
  if (line.rfind("HTTP/", 0) == 0) {  // a head begins: the one before it was a 1xx or a redirect
    head.headers.clear();
    return false;
  }
  if (!line.empty()) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) {
      return false;  // obsolete folding: not worth carrying
    }
    std::string_view value = line.substr(colon + 1);
    const std::size_t first = value.find_first_not_of(" \t");
    const std::size_t last = value.find_last_not_of(" \t");
    value = first == std::string_view::npos ? "" : value.substr(first, last - first + 1);
    head.headers.push_back({lower(line.substr(0, colon)), std::string(value)});
    return false;
  }
  long status = 0;
  curl_easy_getinfo(transfer.easy.get(), CURLINFO_RESPONSE_CODE, &status);
  head.status = static_cast<int>(status);
  if (status < 200) {
    return false;
  }
  const bool is_followed = transfer.request.redirects_max > 0 && status >= 300 && status < 400 &&
                           head.find("location") != nullptr;
  return !is_followed;
}

}  // namespace loop
