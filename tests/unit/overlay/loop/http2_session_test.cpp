#include "overlay/loop/http2_session.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include "overlay/base/bytes.h"

namespace loop {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// The other end: nghttp2's client, also without a socket.
class Client {
 public:
  struct Answer {
    std::map<std::string, std::string> headers;
    std::string body;
    bool is_closed = false;
    std::uint32_t code = 0;
  };

  Client() {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                      std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                      std::uint8_t, void* user) {
          of(user).answers[frame->hd.stream_id].headers.emplace(base::as_text({name, name_size}),
                                                                base::as_text({value, value_size}));
          return 0;
        });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        callbacks, [](nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
                      std::size_t size, void* user) {
          of(user).answers[id].body += base::as_text({bytes, size});
          return 0;
        });
    nghttp2_session_callbacks_set_on_stream_close_callback(
        callbacks, [](nghttp2_session*, std::int32_t id, std::uint32_t code, void* user) {
          of(user).answers[id].is_closed = true;
          of(user).answers[id].code = code;
          return 0;
        });
    nghttp2_session* session = nullptr;
    nghttp2_session_client_new(&session, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    session_.reset(session);
    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, nullptr, 0);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Sends a body of `size_bytes`, or none for 0; with `is_open` it does not end.
  std::int32_t request(const std::string& method, const std::string& path,
                       std::size_t size_bytes = 0, bool is_open = false) {
    const std::vector<std::pair<std::string, std::string>> headers{{":method", method},
                                                                   {":scheme", "https"},
                                                                   {":authority", "h"},
                                                                   {":path", path},
                                                                   {"linkspan-node", "7"}};
    std::vector<nghttp2_nv> pairs;
    for (const auto& [name, value] : headers) {
      pairs.push_back({reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
                       reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())),
                       name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
    }
    bodies_.push_back(std::make_unique<Body>(Body{size_bytes, is_open}));
    nghttp2_data_provider provider{};
    provider.source.ptr = bodies_.back().get();
    provider.read_callback = [](nghttp2_session*, std::int32_t, std::uint8_t* buffer,
                                std::size_t size, std::uint32_t* flags, nghttp2_data_source* source,
                                void*) {
      auto* const body = static_cast<Body*>(source->ptr);
      if (body->left_bytes == 0 && body->is_open) {
        return static_cast<ssize_t>(NGHTTP2_ERR_DEFERRED);
      }
      const std::size_t count = std::min(size, body->left_bytes);
      std::fill_n(buffer, count, 'x');
      body->left_bytes -= count;
      *flags |= body->left_bytes == 0 && !body->is_open ? NGHTTP2_DATA_FLAG_EOF : 0;
      return static_cast<ssize_t>(count);
    };
    return nghttp2_submit_request(session_.get(), nullptr, pairs.data(), pairs.size(),
                                  size_bytes > 0 || is_open ? &provider : nullptr, nullptr);
  }
  void reset(std::int32_t id) {
    nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
  }

  void receive(const std::string& bytes) {
    const auto span = base::as_bytes(bytes);
    ASSERT_EQ(nghttp2_session_mem_recv(session_.get(), span.data(), span.size()),
              static_cast<ssize_t>(span.size()));
  }
  std::string send() {
    std::string out;
    const std::uint8_t* bytes = nullptr;
    for (ssize_t count = 0; (count = nghttp2_session_mem_send(session_.get(), &bytes)) > 0;) {
      out += base::as_text({bytes, static_cast<std::size_t>(count)});
    }
    return out;
  }

  std::map<std::int32_t, Answer> answers;

 private:
  struct Body {
    std::size_t left_bytes = 0;
    bool is_open = false;
  };
  struct Free {
    void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
  };
  static Client& of(void* user) { return *static_cast<Client*>(user); }

  std::unique_ptr<nghttp2_session, Free> session_;
  std::vector<std::unique_ptr<Body>> bodies_;
};

class Http2SessionTest : public ::testing::Test {
 protected:
  // Carries bytes both ways until neither side has more, and keeps the requests that come.
  void settle() {
    for (;;) {
      const std::string sent = client_.send();
      if (!sent.empty()) {
        session_.handle_input(now_, base::as_bytes(sent));
      }
      while (auto incoming = session_.poll_request()) {
        requests_.push_back(std::move(*incoming));
      }
      std::string out;
      session_.produce(out, 1'000'000);
      if (!out.empty()) {
        client_.receive(out);
      }
      if (sent.empty() && out.empty()) {
        return;
      }
    }
  }

  HttpServer::Responder responder(std::size_t index) {
    return HttpServer::Responder(loop_, requests_.at(index).exchange);
  }

  base::TimePoint now_{5s};
  HttpContext context_{1000, 100, "Sun, 06 Nov 1994 08:49:37 GMT"};
  Loop loop_;
  Http2Session session_{context_, [] {}};
  Client client_;
  std::vector<HttpIncoming> requests_;
};

TEST_F(Http2SessionTest, HandsOutRequestsWithAllTheirHeaders) {
  const auto id = client_.request("POST", "/v1/a%20b?x=%41", 500);
  settle();

  ASSERT_EQ(requests_.size(), 1U);
  EXPECT_EQ(requests_[0].request.target, "/v1/a%20b?x=%41");
  EXPECT_EQ(requests_[0].request.path, "/v1/a b");
  EXPECT_EQ(requests_[0].request.header("linkspan-node"), "7");
  EXPECT_EQ(requests_[0].request.header("host"), "h");
  EXPECT_EQ(requests_[0].request.body.size(), 500U);
  responder(0).respond({201, {{"connection", "close"}, {"x-a", "1"}}, "hello"});
  settle();
  EXPECT_EQ(client_.answers[id].headers.at(":status"), "201");
  EXPECT_EQ(client_.answers[id].headers.at("content-length"), "5");
  EXPECT_EQ(client_.answers[id].headers.at("x-a"), "1");
  EXPECT_FALSE(client_.answers[id].headers.contains("connection"));
  EXPECT_EQ(client_.answers[id].body, "hello");
  EXPECT_TRUE(client_.answers[id].is_closed);
  EXPECT_TRUE(session_.is_idle());
}

TEST_F(Http2SessionTest, AnswersInWhateverOrderTheHandlersDo) {
  const auto first = client_.request("GET", "/1");
  const auto second = client_.request("GET", "/2");
  settle();
  responder(1).respond({200, {}, "two"});
  settle();
  EXPECT_TRUE(client_.answers[second].is_closed);
  EXPECT_FALSE(client_.answers[first].is_closed);

  responder(0).respond({200, {}, "one"});
  settle();
  EXPECT_EQ(client_.answers[first].body, "one");
}

TEST_F(Http2SessionTest, BoundsTheBodiesOfAllStreamsTogether) {
  const auto first = client_.request("POST", "/1", 600, /*is_open=*/true);
  const auto second = client_.request("POST", "/2", 600, /*is_open=*/true);
  settle();

  EXPECT_FALSE(client_.answers.contains(first));
  EXPECT_EQ(client_.answers[second].headers.at(":status"), "413");
  EXPECT_THAT(client_.answers[second].body, HasSubstr("more than 1000 bytes"));
}

TEST_F(Http2SessionTest, ForgetsTheBodyOfAStreamThatWasReset) {
  const auto first = client_.request("POST", "/1", 900, /*is_open=*/true);
  settle();
  client_.reset(first);
  client_.request("POST", "/2", 900);
  settle();

  ASSERT_EQ(requests_.size(), 1U);
  EXPECT_EQ(requests_[0].request.path, "/2");
}

TEST_F(Http2SessionTest, DropsSomeOfARefusedBodyAndThenEndsIt) {
  const auto id = client_.request("POST", "/", 4 << 20, /*is_open=*/true);
  settle();

  EXPECT_EQ(client_.answers[id].headers.at(":status"), "413");
  EXPECT_TRUE(client_.answers[id].is_closed);
  EXPECT_EQ(client_.answers[id].code, NGHTTP2_NO_ERROR);
  EXPECT_TRUE(session_.is_idle());
}

TEST_F(Http2SessionTest, RemembersTheOldestRequestThatIsStillComing) {
  client_.request("POST", "/1", 1, /*is_open=*/true);
  settle();
  now_ += 10s;
  client_.request("POST", "/2", 1, /*is_open=*/true);
  settle();

  EXPECT_EQ(session_.receiving_since(), base::TimePoint(5s));
}

TEST_F(Http2SessionTest, RefusesTargetsAndMethods) {
  const auto dots = client_.request("GET", "/a/%2e%2e/b");
  const auto method = client_.request("OPTIONS", "/");
  const auto target = client_.request("GET", "/" + std::string(5000, 'a'));
  settle();

  EXPECT_TRUE(requests_.empty());
  EXPECT_EQ(client_.answers[dots].headers.at(":status"), "400");
  EXPECT_EQ(client_.answers[method].headers.at(":status"), "405");
  EXPECT_EQ(client_.answers[target].headers.at(":status"), "414");
}

TEST_F(Http2SessionTest, StreamsEndWithTheClientsReset) {
  bool is_closed = false;
  const auto id = client_.request("GET", "/");
  settle();
  auto stream =
      responder(0).begin_stream({200, {}, [] { return nullptr; }, [&] { is_closed = true; }});
  settle();
  EXPECT_TRUE(stream.is_open());
  client_.reset(id);
  settle();

  EXPECT_FALSE(stream.is_open());
  session_.poll_ended()();
  EXPECT_TRUE(is_closed);
  stream.wake();
  stream.close();
}

TEST_F(Http2SessionTest, DrainingLetsStreamsInProgressEnd) {
  const auto id = client_.request("GET", "/");
  settle();
  session_.drain();
  settle();
  EXPECT_FALSE(session_.is_finished());
  responder(0).respond({200, {}, "whole"});
  settle();

  EXPECT_EQ(client_.answers[id].body, "whole");
  EXPECT_TRUE(session_.is_finished());
}

TEST_F(Http2SessionTest, EndsOnWhatIsNotHttp2) {
  session_.handle_input(now_, base::as_bytes("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));

  EXPECT_TRUE(session_.is_finished());
  EXPECT_FALSE(session_.wants_input());
}

}  // namespace
}  // namespace loop
