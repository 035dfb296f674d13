#include "overlay/loop/http_server.h"

#include <deque>
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "overlay/crypto/certificate.h"
#include "overlay/loop/http_client.h"
#include "overlay/loop/process.h"
#include "overlay/loop/timer.h"
#include "tests/unit/overlay/loop/plain_client.h"

namespace loop {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Protocol {
  std::string name;
  bool has_tls;
  bool http1_only;
};

class HttpServerFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    crypto::CertificateRequest request;
    request.now = loop_.wall_now();
    request.validity = 24h;
    auto made = crypto::make_certificate(request);
    ASSERT_TRUE(made.ok());
    certificate_ = std::move(made).value();
    pin_ = crypto::spki_pin(certificate_.cert_pem).value();
  }

  void open(bool has_tls, HttpServer::Handler handler, HttpServer::Options options = {}) {
    options.listen = base::Endpoint::parse("127.0.0.1:0").value();
    if (has_tls) {
      options.cert_pem = certificate_.cert_pem;
      options.key_pem = certificate_.key_pem;
    }
    auto opened = HttpServer::open(loop_, options, std::move(handler));
    ASSERT_TRUE(opened.ok()) << opened.error().text();
    server_ = std::move(opened).value();
    has_tls_ = has_tls;
  }

  template <typename Predicate>
  void run_until(Predicate is_done) {
    const base::TimePoint late_at = loop_.now() + 20s;
    while (!is_done() && loop_.now() < late_at) {
      Timer tick(loop_, [] {});  // a turn may block after what made the predicate true
      tick.start_after(10ms);
      loop_.run_once();
    }
    ASSERT_TRUE(is_done()) << "nothing happened for 20 s";
  }

  HttpRequest request(const std::string& path, bool http1_only = true) const {
    HttpRequest made;
    made.url = std::string(has_tls_ ? "https://" : "http://") + server_->local().text() + path;
    if (has_tls_) {
      made.pinned_spki = pin_;
    }
    made.http1_only = http1_only;
    return made;
  }

  base::Result<HttpResponse> fetch(HttpRequest made) {
    std::optional<base::Result<HttpResponse>> answer;
    const auto handle = client_.send(
        std::move(made), [&](base::Result<HttpResponse> got) { answer = std::move(got); });
    run_until([&] { return answer.has_value(); });
    return answer.value_or(base::Error(base::Errc::Unavailable, "none"));
  }

  // curl(1), which can be told what our own client never does.
  std::string curl(std::vector<std::string> arguments) {
    Process::Options options;
    options.argv = {"curl", "-sk", "--max-time", "10"};
    options.argv.insert(options.argv.end(), arguments.begin(), arguments.end());
    std::optional<Process::Exit> exit;
    const auto process =
        Process::start(loop_, options, [&](Process::Exit got) { exit = std::move(got); });
    EXPECT_TRUE(process.ok());
    run_until([&] { return exit.has_value(); });
    return exit.has_value() && exit->ok() ? exit->out : exit->text("curl");
  }

  static HttpServer::Chunk chunk(std::size_t size) {
    return std::make_shared<const std::vector<std::uint8_t>>(size, 'x');
  }

  static HttpServer::Handler answering(const std::string& body) {
    return [body](const HttpServer::Request&, HttpServer::Responder responder) {
      responder.respond({200, {{"content-type", "text/plain"}}, body});
    };
  }

  Loop loop_;
  crypto::Certificate certificate_;
  std::array<std::uint8_t, 32> pin_{};
  std::unique_ptr<HttpServer> server_;
  bool has_tls_ = false;
  HttpClient client_{loop_};
};

class HttpServerTest : public HttpServerFixture, public ::testing::WithParamInterface<Protocol> {
 protected:
  void open(HttpServer::Handler handler, HttpServer::Options options = {}) {
    HttpServerFixture::open(GetParam().has_tls, std::move(handler), options);
  }
  HttpRequest request(const std::string& path) const {
    return HttpServerFixture::request(path, GetParam().http1_only);
  }
};

INSTANTIATE_TEST_SUITE_P(Over, HttpServerTest,
                         ::testing::Values(Protocol{"Plain", false, true},
                                           Protocol{"TlsHttp1", true, true},
                                           Protocol{"TlsHttp2", true, false}),
                         [](const auto& test) { return test.param.name; });

TEST_P(HttpServerTest, CarriesARequestAndItsAnswerWhole) {
  HttpServer::Request seen;
  open([&](HttpServer::Request got, HttpServer::Responder responder) {
    seen = std::move(got);
    responder.respond({201, {{"x-answer", "yes"}}, std::string(200'000, 'a')});
  });
  auto sent = request("/v1/a%20b?x=%41+1");
  sent.method = "PUT";
  sent.headers = {{"Linkspan-Signature", "abc"}, {"Idempotency-Key", "k"}};
  sent.body = std::string(300'000, 'b');

  const auto answer = fetch(sent);

  ASSERT_TRUE(answer.ok()) << answer.error().text();
  EXPECT_EQ(answer.value().status, 201);
  EXPECT_EQ(*answer.value().find("x-answer"), "yes");
  EXPECT_EQ(*answer.value().find("content-length"), "200000");
  EXPECT_EQ(answer.value().body, std::string(200'000, 'a'));
  EXPECT_EQ(seen.method, "PUT");
  EXPECT_EQ(seen.path, "/v1/a b");
  EXPECT_EQ(seen.target, "/v1/a%20b?x=%41+1");
  EXPECT_EQ(seen.query, "x=%41+1");
  EXPECT_EQ(seen.header("linkspan-signature"), "abc");
  EXPECT_EQ(seen.header("idempotency-key"), "k");
  EXPECT_FALSE(seen.header("host").empty());
  EXPECT_EQ(seen.body, sent.body);
  EXPECT_EQ(seen.remote.address.text(), "127.0.0.1");
}

TEST_P(HttpServerTest, AnswersManyRequestsOverOneConnection) {
  int count = 0;
  open([&](const HttpServer::Request& got, HttpServer::Responder responder) {
    ++count;
    responder.respond({200, {}, got.header("x-number")});
  });
  for (int i = 0; i < 1000; ++i) {
    auto sent = request("/");
    sent.headers = {{"x-number", std::to_string(i)}};  // also tries HPACK's dynamic table
    const auto answer = fetch(sent);
    ASSERT_TRUE(answer.ok());
    ASSERT_EQ(answer.value().body, std::to_string(i));
  }
  EXPECT_EQ(count, 1000);
  EXPECT_EQ(server_->counters().connections_accepted, 1U);
  EXPECT_EQ(server_->counters().requests, 1000U);
}

TEST_P(HttpServerTest, SendsNoBodyToHead) {
  open(answering("hello"));
  auto sent = request("/");
  sent.method = "HEAD";
  const auto answer = fetch(sent);

  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(*answer.value().find("content-length"), "5");
  EXPECT_EQ(answer.value().body, "");
  EXPECT_EQ(fetch(request("/")).value().body, "hello");
}

TEST_P(HttpServerTest, RefusesABodyOverItsLimitWithAProblem) {
  HttpServer::Options options;
  options.body_bytes_max = 1000;
  open([](const HttpServer::Request&, const HttpServer::Responder&) { FAIL(); }, options);
  auto sent = request("/");
  sent.method = "POST";
  sent.body = std::string(500'000, 'x');
  const auto answer = fetch(sent);

  ASSERT_TRUE(answer.ok()) << answer.error().text();
  EXPECT_EQ(answer.value().status, 413);
  EXPECT_EQ(*answer.value().find("content-type"), "application/problem+json");
  EXPECT_THAT(answer.value().body, HasSubstr("more than 1000 bytes"));
}

TEST_P(HttpServerTest, RefusesABodyThatAllTogetherHaveNoRoomFor) {
  HttpServer::Options options;
  options.body_bytes_max = 1000;
  options.receiving_bytes_max = 900;
  open(answering("x"), options);
  auto sent = request("/");
  sent.method = "POST";
  sent.body = std::string(950, 'x');

  const auto refused = fetch(sent);
  ASSERT_TRUE(refused.ok()) << refused.error().text();
  EXPECT_EQ(refused.value().status, 503);
  EXPECT_THAT(refused.value().body, HasSubstr("try again"));

  // What was taken is given back, by whole requests and by refused ones.
  sent.body = std::string(900, 'x');
  EXPECT_EQ(fetch(sent).value().status, 200);
  EXPECT_EQ(fetch(sent).value().status, 200);
}

TEST_P(HttpServerTest, RefusesOversizedHeadersAndTargets) {
  open([](const HttpServer::Request&, const HttpServer::Responder&) { FAIL(); });
  auto large = request("/");
  large.headers = {{"x-large", std::string(20'000, 'x')}};
  const auto headers = fetch(large);
  // HTTP/2: nghttp2 itself resets a stream whose header block is beyond its bounds.
  EXPECT_TRUE(!headers.ok() || headers.value().status == 431);

  EXPECT_EQ(fetch(request("/" + std::string(5000, 'a'))).value().status, 414);
  EXPECT_EQ(fetch(request("/%zz")).value().status, 400);
}

TEST_P(HttpServerTest, AnswersLater) {
  std::optional<HttpServer::Responder> waiting;
  open([&](const HttpServer::Request&, HttpServer::Responder responder) {
    waiting.emplace(std::move(responder));
  });
  std::string body;
  const auto handle =
      client_.send(request("/"), [&](base::Result<HttpResponse> got) { body = got.value().body; });
  run_until([&] { return waiting.has_value(); });
  EXPECT_FALSE(waiting->is_client_gone());
  waiting->respond({200, {}, "late"});

  run_until([&] { return body == "late"; });
}

TEST_P(HttpServerTest, AnswerAfterTheClientLeftIsHarmless) {
  std::optional<HttpServer::Responder> waiting;
  open([&](const HttpServer::Request&, HttpServer::Responder responder) {
    waiting.emplace(std::move(responder));
  });
  auto client = std::make_unique<HttpClient>(loop_);
  auto handle = client->send(request("/"), [](const base::Result<HttpResponse>&) { FAIL(); });
  run_until([&] { return waiting.has_value(); });
  handle.cancel();
  client.reset();
  run_until([&] { return waiting->is_client_gone(); });

  waiting->respond({200, {}, "late"});
  run_until([&] { return server_->counters().connections == 0; });
}

TEST_P(HttpServerTest, StreamsWhatWakesBring) {
  std::deque<HttpServer::Chunk> queue;
  HttpServer::Stream stream;
  open([&](const HttpServer::Request&, HttpServer::Responder responder) {
    stream = responder.begin_stream({200,
                                     {},
                                     [&]() -> HttpServer::Chunk {
                                       if (queue.empty()) {
                                         return nullptr;
                                       }
                                       auto next = queue.front();
                                       queue.pop_front();
                                       return next;
                                     },
                                     {}});
  });
  std::size_t received = 0;
  bool has_ended = false;
  const auto handle = client_.stream(request("/"), {{},
                                                    [&](auto bytes) { received += bytes.size(); },
                                                    [&](const base::Status& status) {
                                                      EXPECT_TRUE(status.ok());
                                                      has_ended = true;
                                                    }});
  run_until([&] { return stream.is_open(); });
  for (std::size_t i = 1; i <= 20; ++i) {
    queue.push_back(chunk(i * 1000));
    stream.wake();
    run_until([&] { return received == 1000 * i * (i + 1) / 2; });
  }
  stream.close();
  run_until([&] { return has_ended; });
  EXPECT_FALSE(stream.is_open());
}

TEST_P(HttpServerTest, SlowReaderGetsEverythingAndCostsNoMemory) {
  constexpr std::size_t kChunks = 200;
  const HttpServer::Chunk large = chunk(std::size_t{1} << 17);
  std::size_t pulled = 0;
  HttpServer::Stream stream;
  open([&](const HttpServer::Request&, HttpServer::Responder responder) {
    stream = responder.begin_stream({200,
                                     {},
                                     [&]() -> HttpServer::Chunk {
                                       if (pulled == kChunks) {
                                         stream.close();
                                         return nullptr;
                                       }
                                       ++pulled;
                                       return large;
                                     },
                                     {}});
  });
  std::size_t received = 0;
  bool has_ended = false;
  RequestHandle handle;
  handle = client_.stream(request("/"), {{},
                                         [&](auto bytes) {
                                           if (received == 0) {
                                             handle.pause();
                                           }
                                           received += bytes.size();
                                         },
                                         [&](const base::Status&) { has_ended = true; }});
  run_until([&] { return received > 0; });
  // Until the sockets' buffers are full, which takes at most some of the 25 MiB; then nothing
  // moves.
  std::size_t before = 0;
  for (int calm = 0; calm < 20; calm = pulled == before ? calm + 1 : 0) {
    before = pulled;
    Timer tick(loop_, [] {});
    tick.start_after(5ms);
    loop_.run_once();
  }
  EXPECT_LT(pulled, kChunks);
  EXPECT_LE(large.use_count(), 2);
  handle.resume();
  run_until([&] { return has_ended; });
  EXPECT_EQ(received, kChunks * large->size());
}

TEST_P(HttpServerTest, NoticesAClientThatVanishesInTheMiddleOfAQuietStream) {
  bool is_closed = false;
  HttpServer::Stream stream;
  open([&](const HttpServer::Request&, HttpServer::Responder responder) {
    stream = responder.begin_stream({200, {}, [] { return nullptr; }, [&] { is_closed = true; }});
  });
  auto client = std::make_unique<HttpClient>(loop_);
  auto handle = client->stream(request("/"), {});
  run_until([&] { return stream.is_open(); });
  handle.cancel();
  client.reset();

  run_until([&] { return is_closed; });
  EXPECT_FALSE(stream.is_open());
  stream.wake();
  run_until([&] { return server_->counters().connections == 0; });
}

TEST_P(HttpServerTest, MayBeDestroyedInsideItsHandler) {
  bool is_closed = false;
  int requests = 0;
  open([&](const HttpServer::Request&, HttpServer::Responder responder) {
    if (++requests == 1) {
      responder.begin_stream({200, {}, [] { return nullptr; }, [&] { is_closed = true; }});
      return;
    }
    server_.reset();
    responder.respond({200, {}, "to nobody"});
  });
  const auto held = client_.stream(request("/"), {});
  run_until([&] { return requests == 1; });
  auto second = request("/");
  second.idle_timeout = 5s;
  EXPECT_FALSE(fetch(second).ok());

  EXPECT_EQ(server_, nullptr);
  EXPECT_TRUE(is_closed);
}

TEST_P(HttpServerTest, DrainsByFinishingWhatIsInProgress) {
  std::optional<HttpServer::Responder> waiting;
  open([&](const HttpServer::Request&, HttpServer::Responder responder) {
    waiting.emplace(std::move(responder));
  });
  std::string body;
  const auto handle =
      client_.send(request("/"), [&](base::Result<HttpResponse> got) { body = got.value().body; });
  run_until([&] { return waiting.has_value(); });
  bool is_drained = false;
  server_->drain(15s, [&] { is_drained = true; });
  auto refused = request("/");
  refused.connect_timeout = 2s;
  EXPECT_FALSE(is_drained);
  waiting->respond({200, {}, "whole"});

  run_until([&] { return is_drained; });
  EXPECT_EQ(body, "whole");
  EXPECT_EQ(server_->counters().connections, 0U);
}

TEST_P(HttpServerTest, ClosesAConnectionThatBringsNothing) {
  HttpServer::Options options;
  options.idle_timeout = 100ms;
  open(answering("x"), options);
  ASSERT_TRUE(fetch(request("/")).ok());
  EXPECT_EQ(server_->counters().connections, 1U);

  run_until([&] { return server_->counters().connections == 0; });
}

class HttpServerPlainTest : public HttpServerFixture {};

TEST_F(HttpServerPlainTest, ClosesASlowRequestThoughBytesKeepComing) {
  HttpServer::Options options;
  options.idle_timeout = 1500ms;
  open(false, answering("x"), options);
  PlainClient client(server_->local());
  const base::TimePoint begun = loop_.now();
  client.send("GET / HTTP/1.1\r\nX: ");
  base::TimePoint sent_at = begun;
  run_until([&] {
    if (loop_.now() - sent_at > 100ms) {
      client.send("y");
      sent_at = loop_.now();
    }
    return client.is_closed();
  });
  EXPECT_GE(loop_.now() - begun, 1500ms);
}

TEST_F(HttpServerPlainTest, RefusesConnectionsOverItsLimit) {
  HttpServer::Options options;
  options.connections_max = 2;
  open(false, answering("x"), options);
  const PlainClient first(server_->local());
  const PlainClient second(server_->local());
  run_until([&] { return server_->counters().connections == 2; });
  PlainClient third(server_->local());

  run_until([&] { return third.is_closed(); });
  EXPECT_EQ(server_->counters().connections_refused, 1U);
  EXPECT_EQ(server_->counters().connections, 2U);
}

TEST_F(HttpServerPlainTest, OneAddressDoesNotShutOutTheOthers) {
  HttpServer::Options options;
  options.connections_max = 3;
  options.connections_per_remote_max = 1;
  open(false, answering("x"), options);
  {
    const PlainClient first(server_->local());
    run_until([&] { return server_->counters().connections == 1; });
    PlainClient second(server_->local());
    run_until([&] { return second.is_closed(); });
    EXPECT_EQ(server_->counters().connections_refused, 1U);

    const PlainClient other(server_->local(), "127.0.0.2");
    run_until([&] { return server_->counters().connections == 2; });
  }
  run_until([&] { return server_->counters().connections == 0; });
  const PlainClient again(server_->local());
  run_until([&] { return server_->counters().connections == 1; });
}

TEST_F(HttpServerPlainTest, AnswerReachesAClientThatIsStillSending) {
  HttpServer::Options options;
  options.body_bytes_max = 10;
  open(false, answering("x"), options);
  PlainClient client(server_->local());
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n" +
              std::string(50'000, 'x'));
  run_until([&] { return client.is_closed(); });

  EXPECT_THAT(client.received(), StartsWith("HTTP/1.1 413 "));
}

TEST_F(HttpServerPlainTest, AnswersRequestsSentAhead) {
  open(false, answering("x"));
  PlainClient client(server_->local());
  std::string all;
  for (int i = 0; i < 500; ++i) {
    all += "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  }
  client.send(all + "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  run_until([&] { return client.is_closed(); });

  EXPECT_EQ(server_->counters().requests, 501U);
}

TEST_F(HttpServerPlainTest, SurvivesNoiseOnTheTlsPort) {
  open(true, answering("x"));
  PlainClient noise(server_->local());
  noise.send("GET / HTTP/1.1\r\n\r\n");
  run_until([&] { return noise.is_closed(); });

  EXPECT_EQ(fetch(request("/")).value().body, "x");
}

TEST_F(HttpServerPlainTest, SpeaksTls13AndNothingOlder) {
  open(true, answering("x"));
  const std::string url = "https://" + server_->local().text() + "/";

  EXPECT_EQ(curl({url}), "x");
  EXPECT_EQ(curl({"--tls-max", "1.2", url}), "curl: exit status 35");
}

TEST_F(HttpServerPlainTest, AgreesOnHttp2WhereBothSpeakIt) {
  open(true, answering("x"));
  const std::string url = "https://" + server_->local().text() + "/";

  EXPECT_EQ(curl({"-o", "/dev/null", "-w", "%{http_version}", url}), "2");
  EXPECT_EQ(curl({"--http1.1", "-o", "/dev/null", "-w", "%{http_version}", url}), "1.1");
  EXPECT_EQ(curl({"--no-alpn", "-o", "/dev/null", "-w", "%{http_version}", url}), "1.1");
}

TEST_F(HttpServerPlainTest, NamesAnAddressThatIsTaken) {
  open(false, answering("x"));
  HttpServer::Options options;
  options.listen = server_->local();
  const auto second = HttpServer::open(loop_, options, answering("x"));

  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code(), base::Errc::Conflict);
  EXPECT_EQ(second.error().text(), "bind " + server_->local().text() + ": Address already in use");
}

TEST_F(HttpServerPlainTest, RefusesACertificateThatIsNone) {
  HttpServer::Options options;
  options.cert_pem = "no";
  options.key_pem = certificate_.key_pem;
  const auto bad = HttpServer::open(loop_, options, answering("x"));
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().code(), base::Errc::Malformed);
  EXPECT_THAT(bad.error().text(), HasSubstr("tls certificate"));

  options.cert_pem = certificate_.cert_pem;
  options.key_pem = "no";
  EXPECT_THAT(HttpServer::open(loop_, options, answering("x")).error().text(),
              HasSubstr("tls key"));
}

}  // namespace
}  // namespace loop
