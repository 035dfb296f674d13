#include "overlay/loop/http_client.h"

#include <atomic>
#include <cstdlib>
#include <memory>
#include <optional>
#include <ostream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "overlay/base/bytes.h"
#include "overlay/crypto/certificate.h"
#include "overlay/crypto/random.h"
#include "overlay/loop/http_server.h"
#include "overlay/loop/timer.h"
#include "tests/unit/overlay/loop/raw_server.h"

namespace loop {
namespace {

using namespace std::chrono_literals;
using loop_test::Connection;
using loop_test::RawServer;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string ok_answer(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

class HttpClientTest : public ::testing::Test {
 protected:
  // Turns the loop until `is_done`; a test that hangs fails here.
  template <typename Predicate>
  void run_until(Predicate is_done) {
    const base::TimePoint late_at = loop_.now() + 10s;
    while (!is_done() && loop_.now() < late_at) {
      Timer tick(loop_, [] {});  // a turn may block after the timers that made the predicate true
      tick.start_after(10ms);
      loop_.run_once();
    }
    ASSERT_TRUE(is_done()) << "nothing happened for 10 s";
  }

  base::Result<HttpResponse> fetch(HttpRequest request) {
    std::optional<base::Result<HttpResponse>> answer;
    const RequestHandle handle =
        client_.send(std::move(request), [&](base::Result<HttpResponse> got) { answer = got; });
    EXPECT_FALSE(answer.has_value()) << "answered inside send()";
    run_until([&] { return answer.has_value(); });
    EXPECT_FALSE(handle.is_active());
    return answer.value_or(base::Error(base::Errc::Unavailable, "none"));
  }

  static std::string url_of(const RawServer& server, const std::string& path) {
    return "http://127.0.0.1:" + std::to_string(server.port()) + path;
  }
  static HttpRequest get(const RawServer& server, const std::string& path) {
    HttpRequest request;
    request.url = url_of(server, path);
    return request;
  }

  Loop loop_;
  HttpClient client_{loop_};
};

TEST_F(HttpClientTest, GivesStatusHeadersInLowerCaseAndBody) {
  const RawServer server([](Connection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 404 Not Found\r\nX-Thing:  a b \r\nContent-Length: 4\r\n\r\nnone");
  });

  const auto answer = fetch(get(server, "/x?y=1"));

  ASSERT_TRUE(answer.ok()) << answer.error().text();
  EXPECT_EQ(answer.value().status, 404);
  EXPECT_EQ(answer.value().body, "none");
  ASSERT_NE(answer.value().find("x-thing"), nullptr);
  EXPECT_EQ(*answer.value().find("x-thing"), "a b");
  EXPECT_EQ(answer.value().remote_address, "127.0.0.1");
  EXPECT_GT(answer.value().connect_time, 0ns);
}

TEST_F(HttpClientTest, SendsWhatWasAskedAndNothingOfItsOwnInvention) {
  std::string seen;
  {
    const RawServer server([&](Connection& connection) {
      seen = connection.read_request();
      connection.send(ok_answer(""));
    });
    HttpRequest request = get(server, "/v1/x");
    request.method = "POST";
    request.body = std::string(3000, 'b');
    request.headers = {{"X-One", "1"}, {"X-Empty", ""}};
    ASSERT_TRUE(fetch(request).ok());
  }
  EXPECT_THAT(seen, StartsWith("POST /v1/x HTTP/1.1\r\n"));
  EXPECT_THAT(seen, HasSubstr("X-One: 1\r\n"));
  EXPECT_THAT(seen, HasSubstr("X-Empty:\r\n"));
  EXPECT_THAT(seen, HasSubstr("Content-Length: 3000\r\n"));
  EXPECT_THAT(seen, Not(HasSubstr("Expect")));
  EXPECT_THAT(seen, Not(HasSubstr("Content-Type")));
  EXPECT_THAT(seen, Not(HasSubstr("Accept-Encoding")));
}

TEST_F(HttpClientTest, LeavesAnEncodedBodyAsItIs) {
  const RawServer server([](Connection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc");
  });

  EXPECT_EQ(fetch(get(server, "/")).value().body, "abc");
}

TEST_F(HttpClientTest, KeepsAConnectionForTheNextRequest) {
  const RawServer server([](Connection& connection) {
    while (!connection.read_request().empty()) {
      connection.send(ok_answer("x"));
    }
  });

  ASSERT_TRUE(fetch(get(server, "/1")).ok());
  const auto second = fetch(get(server, "/2"));

  EXPECT_EQ(second.value().connect_time, 0ns);
  EXPECT_EQ(server.connections(), 1U);
}

TEST_F(HttpClientTest, ReachesTheGivenEndpointWhateverTheNameIs) {
  const RawServer server([](Connection& connection) {
    const std::string request = connection.read_request();
    connection.send(ok_answer(request.substr(request.find("Host:"), 24)));
  });
  HttpRequest request;
  request.url = "http://replica.invalid:81/";
  request.connect_to =
      base::Endpoint{base::Address::v4(0x7f000001), static_cast<std::uint16_t>(server.port())};

  EXPECT_EQ(fetch(request).value().body, "Host: replica.invalid:81");
}

TEST_F(HttpClientTest, IgnoresProxiesOfTheEnvironment) {
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  ::setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
  const RawServer server([](Connection& connection) {
    connection.read_request();
    connection.send(ok_answer("direct"));
  });

  EXPECT_EQ(fetch(get(server, "/")).value().body, "direct");

  ::unsetenv("http_proxy");
  ::unsetenv("ALL_PROXY");
}

TEST_F(HttpClientTest, SpeaksOverAUnixSocket) {
  char directory[] = "/tmp/client-http-XXXXXX";
  ASSERT_NE(::mkdtemp(directory), nullptr);
  const std::string path = std::string(directory) + "/s";
  {
    const RawServer server(
        [](Connection& connection) {
          connection.read_request();
          connection.send(ok_answer("unix"));
        },
        path);
    HttpRequest request;
    request.url = "http://local/";
    request.unix_socket = path;
    EXPECT_EQ(fetch(request).value().body, "unix");
  }
  ::unlink(path.c_str());
  ::rmdir(directory);
}

struct BadRequest {
  std::string name;
  HttpRequest request;
  std::string text;
};

void PrintTo(const BadRequest& bad, std::ostream* out) {
  *out << bad.name;
}

class HttpClientRefuses : public HttpClientTest,
                          public ::testing::WithParamInterface<BadRequest> {};

TEST_P(HttpClientRefuses, ARequestThatCannotBeSentSayingWhy) {
  const auto answer = fetch(GetParam().request);

  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code(), base::Errc::Malformed);
  EXPECT_EQ(answer.error().text(), GetParam().text);
}

HttpRequest with_url(const std::string& url) {
  HttpRequest request;
  request.url = url;
  return request;
}
HttpRequest with_header(const std::string& name, const std::string& value) {
  HttpRequest request = with_url("http://127.0.0.1:1/p?secret=1");
  request.headers = {{name, value}};
  return request;
}

INSTANTIATE_TEST_SUITE_P(
    HttpClient, HttpClientRefuses,
    ::testing::Values(
        BadRequest{"Scheme", with_url("ftp://h/"), "url: scheme ftp, expected http or https"},
        BadRequest{"File", with_url("file:///etc/passwd"),
                   "url: scheme file, expected http or https"},
        BadRequest{"User", with_url("http://u:p@h/"),
                   "url: has a user or password, expected https://host[:port]/path"},
        BadRequest{"Fragment", with_url("http://h/#x"),
                   "url: has a fragment, expected https://host[:port]/path"},
        BadRequest{"HeaderName", with_header("a b", "c"),
                   "http://127.0.0.1:1/p: header: name has characters that a header name cannot "
                   "have"},
        BadRequest{"HeaderValue", with_header("a", "b\r\nc: d"),
                   "http://127.0.0.1:1/p: header a: value has control characters"}),
    [](const auto& test) { return test.param.name; });

TEST_F(HttpClientTest, SaysThatAConnectionWasRefused) {
  int port = 0;
  {
    port = RawServer([](Connection&) {}).port();
  }  // nobody listens there any more
  const std::string url = "http://127.0.0.1:" + std::to_string(port) + "/v1/x";

  const auto answer = fetch(with_url(url + "?token=secret"));

  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code(), base::Errc::Unavailable);
  EXPECT_EQ(answer.error().text(), url + ": connect: connection refused");
}

TEST_F(HttpClientTest, RefusesABodyOverItsBoundHoweverItIsSent) {
  const RawServer server([](Connection& connection) {
    const bool is_chunked = connection.read_request().rfind("GET /chunked", 0) == 0;
    connection.send(is_chunked ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                 "5\r\nabcde\r\n5\r\nabcde\r\n0\r\n\r\n"
                               : ok_answer("abcdeabcde"));
    connection.wait_for_close();
  });
  for (const std::string path : {"/chunked", "/plain"}) {
    HttpRequest request = get(server, path);
    request.body_bytes_max = 9;
    const auto answer = fetch(request);
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code(), base::Errc::LimitExceeded);
    EXPECT_THAT(answer.error().text(), HasSubstr(path + ": body exceeds 9 bytes"));
  }
}

TEST_F(HttpClientTest, RefusesAHeadOverItsBound) {
  const RawServer server([](Connection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 200 OK\r\nX: " + std::string(3000, 'x') + "\r\n\r\n");
    connection.wait_for_close();
  });
  HttpRequest request = get(server, "/");
  request.header_bytes_max = 1000;

  EXPECT_THAT(fetch(request).error().text(), HasSubstr("head exceeds 1000 bytes"));
}

TEST_F(HttpClientTest, EndsARequestThatStaysSilent) {
  const RawServer server([](Connection& connection) { connection.wait_for_close(); });
  HttpRequest idle = get(server, "/idle");
  idle.idle_timeout = 50ms;
  HttpRequest total = get(server, "/total");
  total.total_timeout = 50ms;

  EXPECT_THAT(fetch(idle).error().text(), HasSubstr("/idle: no byte in 50 ms"));
  EXPECT_THAT(fetch(total).error().text(), HasSubstr("/total: no complete answer in 50 ms"));
}

TEST_F(HttpClientTest, SaysThatAnAnswerBrokeOff) {
  const RawServer server([](Connection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
  });

  const auto answer = fetch(get(server, "/"));

  EXPECT_EQ(answer.error().code(), base::Errc::Unavailable);
  EXPECT_THAT(answer.error().text(), HasSubstr("broken off"));
}

TEST_F(HttpClientTest, FollowsRedirectsOnlyWhenAskedAndKeepsCredentialsFromOthers) {
  std::string seen;
  const RawServer other([&](Connection& connection) {
    seen = connection.read_request();
    connection.send(ok_answer("there"));
  });
  const RawServer server([&](Connection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 307 Go\r\nLocation: " + url_of(other, "/b") +
                    "\r\nContent-Length: 0\r\n\r\n");
  });
  HttpRequest request = get(server, "/a");
  request.headers = {{"Authorization", "Bearer secret"}};

  EXPECT_EQ(fetch(request).value().status, 307);
  request.redirects_max = 1;
  const auto followed = fetch(request);

  EXPECT_EQ(followed.value().body, "there");
  EXPECT_EQ(followed.value().url, url_of(other, "/b"));
  EXPECT_THAT(seen, StartsWith("GET /b"));
  EXPECT_THAT(seen, Not(HasSubstr("secret")));
}

TEST_F(HttpClientTest, StopsAfterTheGivenNumberOfRedirects) {
  const RawServer server([](Connection& connection) {
    while (!connection.read_request().empty()) {
      connection.send("HTTP/1.1 302 Go\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n");
    }
  });
  HttpRequest request = get(server, "/a");
  request.redirects_max = 2;

  const auto answer = fetch(request);

  EXPECT_EQ(answer.error().code(), base::Errc::LimitExceeded);
  EXPECT_THAT(answer.error().text(), HasSubstr("more than 2 redirects"));
}

TEST_F(HttpClientTest, StreamsTheHeadBeforeAnyData) {
  std::atomic<bool> is_head_seen = false;
  const RawServer server([&](Connection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (!is_head_seen) {
      std::this_thread::yield();
    }
    connection.send("3\r\nabc\r\n0\r\n\r\n");
  });
  std::string data;
  std::optional<base::Status> end;
  const RequestHandle handle = client_.stream(
      get(server, "/"), {.on_head =
                             [&](const HttpHead& head) {
                               EXPECT_EQ(head.status, 200);
                               is_head_seen = true;
                             },
                         .on_data = [&](auto bytes) { data += base::as_text(bytes); },
                         .on_end = [&](base::Status status) { end = status; }});

  run_until([&] { return end.has_value(); });

  EXPECT_TRUE(end->ok());
  EXPECT_EQ(data, "abc");
}

TEST_F(HttpClientTest, TakesNoMoreThanABufferWhilePausedAndLosesNothing) {
  constexpr std::size_t kBody = 8U << 20;  // far over what buffers and the kernel hold
  const RawServer server([](Connection& connection) {
    connection.read_request();
    connection.send(ok_answer(std::string(kBody, 'x')));
    connection.wait_for_close();
  });
  HttpRequest request = get(server, "/");
  request.idle_timeout = 2s;  // must not count while paused; long enough for a busy machine
  std::size_t got = 0;
  std::optional<base::Status> end;
  RequestHandle handle;
  handle = client_.stream(request, {.on_head = {},
                                    .on_data =
                                        [&](auto bytes) {
                                          got += bytes.size();
                                          if (got == bytes.size()) {
                                            handle.pause();
                                          }
                                        },
                                    .on_end = [&](base::Status status) { end = status; }});
  run_until([&] { return got > 0; });
  const std::size_t got_before_pause = got;
  bool is_over = false;
  Timer pause(loop_, [&] { is_over = true; });
  pause.start_after(2500ms);
  run_until([&] { return is_over; });

  EXPECT_EQ(got, got_before_pause);
  EXPECT_FALSE(end.has_value());
  handle.resume();
  EXPECT_EQ(got, got_before_pause) << "called back inside resume()";
  run_until([&] { return end.has_value(); });
  EXPECT_TRUE(end->ok()) << end->error().text();
  EXPECT_EQ(got, kBody);
}

TEST_F(HttpClientTest, CallsNothingAfterItsHandleIsDestroyed) {
  const RawServer server([](Connection& connection) {
    connection.read_request();
    connection.send(ok_answer("abc"));
    connection.wait_for_close();
  });
  int calls = 0;
  {
    const RequestHandle handle = client_.send(get(server, "/"), [&](auto&&) { ++calls; });
  }
  std::optional<RequestHandle> handle;
  handle = client_.stream(get(server, "/"), {.on_head = [&](const HttpHead&) { handle.reset(); },
                                             .on_data = [&](auto) { ++calls; },
                                             .on_end = [&](auto&&) { ++calls; }});

  run_until([&] { return !handle.has_value(); });
  ASSERT_TRUE(fetch(get(server, "/")).ok());

  EXPECT_EQ(calls, 0);
  EXPECT_EQ(client_.requests(), 0U);
}

TEST_F(HttpClientTest, MayBeDestroyedFromItsOwnCallback) {
  const RawServer server([](Connection& connection) {
    connection.read_request();
    connection.send(ok_answer("abc"));
    connection.wait_for_close();
  });
  auto client = std::make_unique<HttpClient>(loop_);
  bool is_called = false;
  const RequestHandle handle = client->stream(get(server, "/"), {.on_head = {},
                                                                 .on_data =
                                                                     [&](auto) {
                                                                       client.reset();
                                                                       is_called = true;
                                                                     },
                                                                 .on_end = {}});

  run_until([&] { return is_called; });

  EXPECT_FALSE(handle.is_active());
}

// A server of ours on the same loop, with a certificate that it signed itself.
class HttpClientTlsTest : public HttpClientTest {
 protected:
  HttpClientTlsTest() {
    crypto::init();
    const auto made =
        crypto::make_certificate({.now = loop_.wall_now(), .validity = std::chrono::hours(24)});
    pin_ = crypto::spki_pin(made.value().cert_pem).value();
    HttpServer::Options options;
    options.listen = base::Endpoint::parse("127.0.0.1:0").value();
    options.cert_pem = made.value().cert_pem;
    options.key_pem = made.value().key_pem;
    server_ =
        std::move(HttpServer::open(
                      loop_, options,
                      [](HttpServer::Request request, HttpServer::Responder responder) {
                        responder.respond({.status = 200, .headers = {}, .body = request.path});
                      }))
            .value();
  }
  HttpRequest request() const {
    return with_url("https://127.0.0.1:" + std::to_string(server_->local().port) + "/v1?x=1");
  }

  crypto::Digest256 pin_{};
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpClientTlsTest, TakesTheServerWhoseKeyIsPinned) {
  HttpRequest pinned = request();
  pinned.pinned_spki = pin_;
  HttpRequest pinned1 = pinned;
  pinned1.http1_only = true;

  EXPECT_EQ(fetch(pinned).value().body, "/v1");
  EXPECT_EQ(fetch(pinned1).value().body, "/v1");
}

TEST_F(HttpClientTlsTest, RefusesAServerWithAnotherKeyInOneSentence) {
  HttpRequest pinned = request();
  pinned.pinned_spki = pin_;
  (*pinned.pinned_spki)[31] ^= 1;

  const auto answer = fetch(pinned);

  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code(), base::Errc::Unauthenticated);
  EXPECT_EQ(answer.error().text(),
            "https://" + server_->local().text() +
                "/v1: tls: the server's key is not the pinned one, expected " +
                crypto::curl_pin(*pinned.pinned_spki));
}

TEST_F(HttpClientTlsTest, VerifiesNormallyWithoutAPin) {
  const auto answer = fetch(request());

  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code(), base::Errc::Unauthenticated);
  EXPECT_THAT(answer.error().text(), HasSubstr("/v1: tls: certificate not accepted: "));
}

TEST_F(HttpClientTlsTest, DoesNotReuseAConnectionThatAnotherPinMade) {
  HttpRequest pinned = request();
  pinned.pinned_spki = pin_;
  ASSERT_TRUE(fetch(pinned).ok());
  (*pinned.pinned_spki)[0] ^= 1;

  EXPECT_FALSE(fetch(pinned).ok());
  EXPECT_FALSE(fetch(request()).ok());
}

TEST_F(HttpClientTest, RefusesMoreRequestsThanItsLimit) {
  HttpClient client(loop_, {.requests_max = 1});
  const RawServer server([](Connection& connection) { connection.wait_for_close(); });
  const RequestHandle first = client.send(get(server, "/"), [](auto&&) {});
  std::optional<base::Error> error;
  const RequestHandle second =
      client.send(get(server, "/"), [&](base::Result<HttpResponse> got) { error = got.error(); });

  run_until([&] { return error.has_value(); });

  EXPECT_EQ(error->code(), base::Errc::LimitExceeded);
  EXPECT_THAT(error->text(), HasSubstr("1 requests are under way"));
}

}  // namespace
}  // namespace loop
