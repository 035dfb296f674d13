#include "overlay/loop/http1_session.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "overlay/base/bytes.h"

namespace loop {
namespace {

using namespace std::chrono_literals;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class Http1SessionTest : public ::testing::Test {
 protected:
  void feed(const std::string& text) { session_.handle_input(now_, base::as_bytes(text)); }

  std::string drain(std::size_t size = 1'000'000) {
    std::string out;
    session_.produce(out, size);
    return out;
  }

  // Feeds one request and gives what the server says to it, a handler answering `response`.
  std::string exchange(const std::string& request, HttpServer::Response response = {}) {
    feed(request);
    if (auto incoming = session_.poll_request()) {
      seen_.push_back(incoming->request);
      HttpServer::Responder(loop_, incoming->exchange).respond(std::move(response));
    }
    return drain();
  }

  HttpServer::Stream stream(const std::string& request, HttpServer::StreamOptions options) {
    feed(request);
    auto incoming = session_.poll_request();
    EXPECT_TRUE(incoming.has_value());
    return HttpServer::Responder(loop_, incoming->exchange).begin_stream(std::move(options));
  }

  static HttpServer::Chunk chunk(const std::string& text) {
    return std::make_shared<const std::vector<std::uint8_t>>(text.begin(), text.end());
  }

  base::TimePoint now_{5s};
  HttpContext context_{1000, 100, "Sun, 06 Nov 1994 08:49:37 GMT"};
  int outputs_ = 0;
  Loop loop_;
  Http1Session session_{context_, [this] { ++outputs_; }};
  std::vector<HttpServer::Request> seen_;
};

constexpr const char* kGet = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

TEST_F(Http1SessionTest, HandsOutTheRequestAsItWasSent) {
  exchange(
      "POST /v1/a%20b?epoch=1&x=%41 HTTP/1.1\r\nHost: h\r\nLinkspan-Node: 7 \r\n"
      "Accept: a\r\nACCEPT: b\r\nContent-Length: 4\r\n\r\nbody");

  ASSERT_EQ(seen_.size(), 1U);
  EXPECT_EQ(seen_[0].method, "POST");
  EXPECT_EQ(seen_[0].path, "/v1/a b");
  EXPECT_EQ(seen_[0].query, "epoch=1&x=%41");
  EXPECT_EQ(seen_[0].target, "/v1/a%20b?epoch=1&x=%41");
  EXPECT_EQ(seen_[0].header("linkspan-node"), "7");
  EXPECT_EQ(seen_[0].header("accept"), "a, b");
  EXPECT_EQ(seen_[0].header("none"), "");
  EXPECT_EQ(seen_[0].body, "body");
}

TEST_F(Http1SessionTest, AnswersAndKeepsTheConnection) {
  EXPECT_EQ(exchange(kGet, {201, {{"x-a", "1"}}, "hello"}),
            "HTTP/1.1 201 Created\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\nx-a: 1\r\n"
            "content-length: 5\r\n\r\nhello");
  EXPECT_FALSE(session_.is_finished());
  EXPECT_TRUE(session_.is_idle());
  EXPECT_TRUE(session_.wants_input());
  EXPECT_THAT(exchange(kGet, {204, {}, ""}), Not(HasSubstr("content-length")));
  EXPECT_EQ(seen_.size(), 2U);
}

TEST_F(Http1SessionTest, TakesARequestByteByByte) {
  const std::string request =
      "PUT /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  for (const char byte : request) {
    ASSERT_FALSE(session_.poll_request().has_value());
    feed(std::string(1, byte));
  }
  const auto incoming = session_.poll_request();
  ASSERT_TRUE(incoming.has_value());
  EXPECT_EQ(incoming->request.body, "abcde");
}

TEST_F(Http1SessionTest, AnswersRequestsSentAheadInOrder) {
  EXPECT_THAT(exchange(std::string(kGet) + kGet + "GET /b HTT", {200, {}, "1"}), EndsWith("1"));
  EXPECT_THAT(exchange("", {200, {}, "2"}), EndsWith("2"));
  EXPECT_FALSE(session_.poll_request().has_value());
  EXPECT_THAT(exchange("P/1.1\r\nHost: h\r\n\r\n", {200, {}, "3"}), EndsWith("3"));
  EXPECT_EQ(seen_.at(2).path, "/b");
}

TEST_F(Http1SessionTest, WantsNoInputWhileARequestIsAnswered) {
  feed(kGet);
  const auto incoming = session_.poll_request();

  EXPECT_FALSE(session_.wants_input());
  EXPECT_FALSE(session_.is_idle());
  EXPECT_EQ(session_.receiving_since(), std::nullopt);
  EXPECT_EQ(drain(), "");
}

TEST_F(Http1SessionTest, RemembersWhenARequestBegan) {
  feed("GET");
  now_ += 10s;
  feed(" /a HTTP/1.1\r\n");

  EXPECT_EQ(session_.receiving_since(), base::TimePoint(5s));
  EXPECT_FALSE(session_.is_idle());
}

TEST_F(Http1SessionTest, CountsButDoesNotSendTheBodyForHead) {
  const std::string out = exchange("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n", {200, {}, "hello"});

  EXPECT_THAT(out, HasSubstr("content-length: 5\r\n"));
  EXPECT_THAT(out, EndsWith("\r\n\r\n"));
  EXPECT_TRUE(session_.is_idle());
}

TEST_F(Http1SessionTest, ClosesWhenAskedTo) {
  EXPECT_THAT(exchange("GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
              HasSubstr("connection: close\r\n"));
  EXPECT_TRUE(session_.is_finished());
}

TEST_F(Http1SessionTest, ClosesAfterItsShareOfRequests) {
  context_.requests_per_connection_max = 2;
  EXPECT_THAT(exchange(kGet), Not(HasSubstr("connection: close")));
  EXPECT_THAT(exchange(kGet), HasSubstr("connection: close"));
  EXPECT_TRUE(session_.is_finished());
}

TEST_F(Http1SessionTest, SpeaksToHttp10) {
  EXPECT_THAT(exchange("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", {200, {}, "x"}),
              HasSubstr("connection: keep-alive\r\n"));
  const auto open = stream("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
                           {200, {}, [&] { return chunk("data"); }, {}});
  const std::string out = drain(200);
  EXPECT_THAT(out, HasSubstr("connection: close\r\n"));
  EXPECT_THAT(out, Not(HasSubstr("chunked")));
}

TEST_F(Http1SessionTest, InvitesABodyThatWaitsToBeInvited) {
  feed("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(drain(), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(drain(), "");
  feed("ab");
  EXPECT_TRUE(session_.poll_request().has_value());
}

TEST_F(Http1SessionTest, IgnoresTheWishToUpgrade) {
  exchange("GET /a HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
  EXPECT_EQ(seen_.size(), 1U);
  EXPECT_TRUE(session_.is_idle());
}

TEST_F(Http1SessionTest, JoinsAFoldedHeaderToOneLine) {
  exchange("GET /a HTTP/1.1\r\nHost: h\r\nX-A: a\r\n b\r\n\r\n");
  EXPECT_EQ(seen_.at(0).header("x-a"), "a b");  // RFC 9112, 5.2
}

TEST_F(Http1SessionTest, KeepsLineEndsOutOfHeaders) {
  EXPECT_THAT(exchange(kGet, {302, {{"location", "/a\r\nset-cookie: b"}}, ""}),
              HasSubstr("location: /a  set-cookie: b\r\n"));
}

struct Refused {
  std::string name;
  std::string request;
  int status;
  std::string detail;
};

class Http1SessionRefuses : public Http1SessionTest,
                            public ::testing::WithParamInterface<Refused> {};

TEST_P(Http1SessionRefuses, WithAProblemAndCloses) {
  const std::string out = exchange(GetParam().request);

  EXPECT_THAT(out, StartsWith("HTTP/1.1 " + std::to_string(GetParam().status) + " "));
  EXPECT_THAT(out, HasSubstr("content-type: application/problem+json\r\n"));
  EXPECT_THAT(out, HasSubstr("\"detail\":\"" + GetParam().detail));
  EXPECT_THAT(out, HasSubstr("connection: close\r\n"));
  EXPECT_TRUE(seen_.empty());
  EXPECT_TRUE(session_.is_finished());
}

std::string head(const std::string& rest) {
  return "POST /a HTTP/1.1\r\nHost: h\r\n" + rest;
}

INSTANTIATE_TEST_SUITE_P(
    Http1Session, Http1SessionRefuses,
    ::testing::Values(
        Refused{"NotHttp", "\x16\x03\x01 hello\r\n\r\n", 400, "request: "},
        Refused{"NoHost", "GET / HTTP/1.1\r\n\r\n", 400, "header host: missing"},
        Refused{"TwoHosts", head("Host: i\r\n\r\n"), 400, "header host: sent twice"},
        Refused{"TwoAuthorizations", head("Authorization: a\r\nAuthorization: b\r\n\r\n"), 400,
                "header authorization: sent twice"},
        Refused{"TwoLengths", head("Content-Length: 1\r\nContent-Length: 1\r\n\r\na"), 400,
                "request: "},
        Refused{"LengthAndChunked", head("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
                400, "request: "},
        Refused{"NegativeLength", head("Content-Length: -1\r\n\r\n"), 400, "request: "},
        Refused{"LengthOverLimit", head("Content-Length: 1001\r\n\r\n"), 413,
                "body: more than 1000 bytes"},
        Refused{"ChunksOverLimit",
                head("Transfer-Encoding: chunked\r\n\r\n3e9\r\n") + std::string(1001, 'x'), 413,
                "body: more than 1000 bytes"},
        Refused{"SpaceBeforeColon", head("Accept : a\r\n\r\n"), 400, "request: "},
        Refused{"BareLineFeed", "GET / HTTP/1.1\nHost: h\n\n", 400, "request: "},
        Refused{"UnknownMethod", "OPTIONS / HTTP/1.1\r\nHost: h\r\n\r\n", 405,
                "method OPTIONS: not one of this server's"},
        Refused{"Connect", "CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n", 405, "method CONNECT"},
        Refused{"AbsoluteTarget", "GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400,
                "target: does not begin with '/'"},
        Refused{"DotSegments", "GET /a/../b HTTP/1.1\r\nHost: h\r\n\r\n", 400,
                "target: path: has a '.' or '..' segment"},
        Refused{"EncodedDotSegments", "GET /a/%2e%2E/b HTTP/1.1\r\nHost: h\r\n\r\n", 400,
                "target: path: has a '.' or '..' segment"},
        Refused{"EncodedNul", "GET /%00 HTTP/1.1\r\nHost: h\r\n\r\n", 400,
                "target: path: offset 1: encoded nul"},
        Refused{"BadEncoding", "GET /%4 HTTP/1.1\r\nHost: h\r\n\r\n", 400,
                "target: path: offset 1: '%' without two hexadecimal digits"},
        Refused{"LongTarget", "GET /" + std::string(5000, 'a'), 414,
                "target: more than 4096 bytes"},
        Refused{"LongHeader", head("X-A: " + std::string(20000, 'a')), 431,
                "headers: one of more than 16384 bytes"},
        Refused{"LongName", head(std::string(20000, 'a')), 431,
                "headers: one of more than 16384 bytes"},
        Refused{"ManyHeaders", head([] {
                  std::string all;
                  for (int i = 0; i < 70; ++i) {
                    all += "X-" + std::to_string(i) + ": a\r\n";
                  }
                  return all;
                }()),
                431, "headers: more than 64 of them or 16384 bytes"},
        Refused{"ManyHeaderBytes",
                head("A: " + std::string(10000, 'a') + "\r\nB: " + std::string(10000, 'b') +
                     "\r\n\r\n"),
                431, "headers: more than 64 of them or 16384 bytes"},
        Refused{"Http2Preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "request: "}),
    [](const auto& test) { return test.param.name; });

TEST_F(Http1SessionTest, StreamsInChunksAsTheyCome) {
  std::vector<HttpServer::Chunk> chunks{chunk("abc"), nullptr, chunk("de"), nullptr};
  std::size_t next = 0;
  bool is_closed = false;
  auto open = stream(kGet, {200, {}, [&] { return chunks.at(next++); }, [&] { is_closed = true; }});

  EXPECT_THAT(drain(), EndsWith("transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n"));
  EXPECT_EQ(drain(), "");
  EXPECT_EQ(next, 2U);
  const int before = outputs_;
  open.wake();
  EXPECT_EQ(outputs_, before + 1);
  EXPECT_EQ(next, 2U);
  EXPECT_EQ(drain(), "2\r\nde\r\n");
  open.close();
  EXPECT_TRUE(open.is_open());
  EXPECT_EQ(drain(), "0\r\n\r\n");
  EXPECT_FALSE(open.is_open());
  session_.poll_ended()();
  EXPECT_TRUE(is_closed);
  EXPECT_EQ(session_.poll_ended(), nullptr);
  EXPECT_TRUE(session_.is_idle());
}

TEST_F(Http1SessionTest, PullsNoMoreThanIsAskedFor) {
  const HttpServer::Chunk large = chunk(std::string(100'000, 'x'));
  int pulls = 0;
  auto open = stream(kGet, {200,
                            {},
                            [&] {
                              ++pulls;
                              return large;
                            },
                            {}});

  EXPECT_LT(drain(16384).size(), 17000U);
  EXPECT_EQ(pulls, 1);
  EXPECT_EQ(large.use_count(), 2);  // sent from where it is, not copied
}

TEST_F(Http1SessionTest, SendsExactlyTheDeclaredLength) {
  auto open = stream(kGet, {200, {{"content-length", "5"}}, [&] { return chunk("abc"); }, {}});

  EXPECT_THAT(drain(), EndsWith("content-length: 5\r\n\r\nabcab"));
  EXPECT_FALSE(open.is_open());
  EXPECT_TRUE(session_.is_idle());
}

TEST_F(Http1SessionTest, BreaksOffAStreamShorterThanDeclared) {
  auto open = stream(kGet, {200, {{"content-length", "5"}}, [] { return nullptr; }, {}});
  drain();
  open.close();
  drain();

  EXPECT_TRUE(session_.is_finished());
}

TEST_F(Http1SessionTest, MayBeClosedFromPull) {
  HttpServer::Stream open;
  open = stream(kGet, {200,
                       {},
                       [&]() -> HttpServer::Chunk {
                         open.close();
                         return chunk("last");
                       },
                       {}});

  EXPECT_THAT(drain(), EndsWith("4\r\nlast\r\n0\r\n\r\n"));
}

TEST_F(Http1SessionTest, AnswersAnUnansweredRequestWithAnError) {
  feed(kGet);
  {
    auto incoming = session_.poll_request();
    const HttpServer::Responder dropped(loop_, incoming->exchange);
  }
  EXPECT_THAT(drain(), StartsWith("HTTP/1.1 500 "));
}

TEST_F(Http1SessionTest, DrainingEndsWithTheAnswerInProgress) {
  feed(kGet);
  auto incoming = session_.poll_request();
  session_.drain();
  EXPECT_FALSE(session_.is_finished());
  HttpServer::Responder(loop_, incoming->exchange).respond({200, {}, "x"});

  EXPECT_THAT(drain(), HasSubstr("connection: close\r\n"));
  EXPECT_TRUE(session_.is_finished());
}

TEST_F(Http1SessionTest, AbandonEndsTheStreamAndMakesItsHandlesHarmless) {
  bool is_closed = false;
  auto open = stream(kGet, {200, {}, [] { return nullptr; }, [&] { is_closed = true; }});
  drain();
  session_.abandon();

  session_.poll_ended()();
  EXPECT_TRUE(is_closed);
  EXPECT_FALSE(open.is_open());
  open.wake();
  open.close();
}

TEST_F(Http1SessionTest, AnswerAfterTheClientLeftDoesNothing) {
  feed(kGet);
  auto incoming = session_.poll_request();
  HttpServer::Responder first(loop_, incoming->exchange);
  incoming.reset();
  session_.abandon();

  EXPECT_TRUE(first.is_client_gone());
  first.respond({200, {}, "late"});
  EXPECT_EQ(outputs_, 0);
}

}  // namespace
}  // namespace loop
