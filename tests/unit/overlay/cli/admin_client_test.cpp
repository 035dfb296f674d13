// The commands against a server on loopback with a certificate of its own.
#include "overlay/cli/admin_client.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "overlay/base/bytes.h"
#include "overlay/cli/admin.h"
#include "overlay/crypto/certificate.h"
#include "overlay/crypto/random.h"
#include "overlay/loop/http_server.h"
#include "overlay/model/token.h"

namespace cli {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A coordinator of canned answers, on a thread of its own.
class FakeCoordinator {
 public:
  using Answer = std::function<loop::HttpServer::Response(const loop::HttpServer::Request&)>;

  explicit FakeCoordinator(Answer answer) : answer_(std::move(answer)) {
    crypto::init();
    const auto made = crypto::make_certificate(
        {.now = {1'795'411'874'000}, .validity = std::chrono::hours(24 * 3650)});
    certificate_ = made.value();
    pin_ = crypto::spki_pin(certificate_.cert_pem).value();
    std::promise<int> port;
    thread_ = std::thread([this, &port] { serve(port); });
    port_ = port.get_future().get();
  }
  FakeCoordinator(const FakeCoordinator&) = delete;
  FakeCoordinator& operator=(const FakeCoordinator&) = delete;
  ~FakeCoordinator() {
    loop_->post([this] { loop_->stop(); });
    thread_.join();
  }

  std::string api() const { return "https://127.0.0.1:" + std::to_string(port_); }
  const crypto::Digest256& pin() const { return pin_; }

 private:
  void serve(std::promise<int>& port) {
    loop::Loop loop;
    loop_ = &loop;
    loop::HttpServer::Options options;
    options.listen = base::Endpoint::parse("127.0.0.1:0").value();
    options.cert_pem = certificate_.cert_pem;
    options.key_pem = certificate_.key_pem;
    const auto server = loop::HttpServer::open(
        loop, options, [this](loop::HttpServer::Request request, auto responder) {
          responder.respond(answer_(request));
        });
    port.set_value(server.value()->local().port);
    loop.run();
  }

  Answer answer_;
  crypto::Certificate certificate_;
  crypto::Digest256 pin_{};
  std::thread thread_;
  loop::Loop* loop_ = nullptr;
  int port_ = 0;
};

loop::HttpServer::Response answer_json(int status, const json& body) {
  return {.status = status, .headers = {{"content-type", "application/json"}}, .body = body.dump()};
}

class AdminClientTest : public ::testing::Test {
 protected:
  AdminClientTest() {
    char path[] = "/tmp/admin-client-XXXXXX";
    EXPECT_NE(::mkdtemp(path), nullptr);
    directory_ = path;
    crypto::init();
  }
  ~AdminClientTest() override { std::filesystem::remove_all(directory_); }

  std::string write_key(const crypto::Digest256& pin, mode_t mode = 0600) {
    const std::string path = directory_ + "/admin.key";
    std::ofstream(path) << model::ApiKey{.id = {255}, .secret = {}, .pin = pin}.text() << "\n";
    ::chmod(path.c_str(), mode);
    return path;
  }
  // Runs `linkspan ARGUMENTS...` in this process. Gives the exit code.
  static int run(std::vector<std::string> arguments) {
    CLI::App app("test", "linkspan");
    Context context;
    add_admin_commands(app, context);
    std::ranges::reverse(arguments);  // as CLI11 wants a vector
    try {
      app.parse(arguments);
    } catch (const CLI::ParseError& error) {
      return app.exit(error) == 0 ? kExitOk : kExitUsage;
    }
    return context.exit_code;
  }
  static std::string captured(int expected_code, std::vector<std::string> arguments) {
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const int code = run(std::move(arguments));
    const std::string text =
        ::testing::internal::GetCapturedStdout() + ::testing::internal::GetCapturedStderr();
    EXPECT_EQ(code, expected_code) << text;
    return text;
  }

  std::string directory_;
};

TEST_F(AdminClientTest, RefusesAKeyFileThatOthersMayRead) {
  const std::string path = write_key({}, 0640);

  const auto refused = read_key_file(path);

  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().text(), "key file " + path +
                                        ": mode 0640 lets others read it, expected 0600: chmod "
                                        "600 " +
                                        path);
}

TEST_F(AdminClientTest, RefusesAKeyFileThatHoldsNoKeyWithoutShowingIt) {
  const std::string path = write_key({});
  std::ofstream(path) << "hunter2\n";

  const auto refused = read_key_file(path);

  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().text(), StartsWith("key file " + path + ": "));
  EXPECT_THAT(refused.error().text(), ::testing::Not(HasSubstr("hunter2")));
}

TEST_F(AdminClientTest, SendsNoSecretToAServerWithAnotherKey) {
  bool is_asked = false;
  const FakeCoordinator server([&](const auto&) {
    is_asked = true;
    return answer_json(200, {});
  });
  crypto::Digest256 wrong = server.pin();
  wrong[0] ^= 1;

  const std::string text = captured(
      kExitFailed, {"--api", server.api(), "--key-file", write_key(wrong), "node", "list"});

  EXPECT_THAT(text, HasSubstr("the server's key is not the pinned one"));
  EXPECT_FALSE(is_asked);
}

TEST_F(AdminClientTest, AsksPageByPageAndPrintsOneTable) {
  std::vector<std::string> targets;
  const FakeCoordinator server([&](const loop::HttpServer::Request& request) {
    targets.push_back(request.path + "?" + request.query);
    EXPECT_THAT(request.headers.at("authorization"), StartsWith("Bearer lsk.00000000000000ff."));
    const bool is_first = request.query.find("after") == std::string::npos;
    return answer_json(200, {{"items", {{{"name", is_first ? "a" : "b"}}}},
                             {"next", is_first ? json("1") : json()}});
  });

  const std::string text = captured(
      kExitOk, {"network", "list", "--key-file", write_key(server.pin()), "--api", server.api()});

  EXPECT_THAT(text, HasSubstr("\na "));
  EXPECT_THAT(text, HasSubstr("\nb "));
  EXPECT_THAT(targets, ElementsAre("/v1/networks?limit=1000", "/v1/networks?limit=1000&after=1"));
}

TEST_F(AdminClientTest, MakesATokenInTheOnlyNetworkThereIs) {
  json sent;
  const FakeCoordinator server([&](const loop::HttpServer::Request& request) {
    if (request.method == "GET") {
      return answer_json(200, {{"items", {{{"name", "lab"}}}}, {"next", nullptr}});
    }
    sent = json::parse(request.body, nullptr, false);
    EXPECT_EQ(request.headers.at("idempotency-key").size(), 32U);
    return answer_json(201, {{"join_line", "curl LINE"}, {"uses", 2}});
  });

  const std::string text =
      captured(kExitOk, {"token", "create", "--site", "a", "--uses", "2", "--api", server.api(),
                         "--key-file", write_key(server.pin())});

  EXPECT_EQ(sent, json({{"network", "lab"}, {"site", "a"}, {"uses", 2}}));
  EXPECT_THAT(text, HasSubstr("\n  curl LINE\n"));
}

TEST_F(AdminClientTest, RemovesByNameAfterLookingItUp) {
  std::vector<std::string> asked;
  const FakeCoordinator server([&](const loop::HttpServer::Request& request) {
    asked.push_back(request.method + " " + request.path + " " + request.query);
    return request.method == "GET"
               ? answer_json(200, {{"items", {{{"id", "00000000000000aa"}}}}, {"next", nullptr}})
               : loop::HttpServer::Response{.status = 204, .headers = {}, .body = ""};
  });

  const std::string text = captured(kExitOk, {"node", "remove", "gpu-1", "--site", "a", "--api",
                                              server.api(), "--key-file", write_key(server.pin())});

  EXPECT_EQ(text, "node gpu-1 removed\n");
  EXPECT_THAT(asked, ElementsAre("GET /v1/nodes limit=100&name=gpu-1&site=a",
                                 "DELETE /v1/nodes/00000000000000aa "));
}

TEST_F(AdminClientTest, SaysWhichIdsShareAName) {
  const FakeCoordinator server([&](const auto&) {
    return answer_json(200,
                       {{"items", {{{"id", "00000000000000aa"}}, {{"id", "00000000000000bb"}}}},
                        {"next", nullptr}});
  });

  EXPECT_EQ(captured(kExitFailed, {"node", "show", "a", "--api", server.api(), "--key-file",
                                   write_key(server.pin())}),
            "linkspan: node: \"a\" is the name of 2, give one of their ids: 00000000000000aa, "
            "00000000000000bb\n");
}

TEST_F(AdminClientTest, PrintsARefusalAsOneSentence) {
  const FakeCoordinator server([&](const auto&) {
    return answer_json(409, {{"detail", "network: \"lab\" exists already"}, {"field", "network"}});
  });

  EXPECT_EQ(captured(kExitFailed, {"network", "create", "lab", "--api", server.api(), "--key-file",
                                   write_key(server.pin())}),
            "linkspan: network: \"lab\" exists already\n");
}

TEST_F(AdminClientTest, WritesAKeyToAFileOnlyItsOwnerReads) {
  const FakeCoordinator server([&](const auto&) {
    return answer_json(201, {{"id", "0000000000000001"}, {"key", "lsk.secret"}});
  });
  const std::string path = directory_ + "/ci.key";

  const std::string text =
      captured(kExitOk, {"api-key", "create", "ci", "--role", "viewer", "--output", path, "--api",
                         server.api(), "--key-file", write_key(server.pin())});

  EXPECT_EQ(text, "API key written to " + path + "\n");
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  std::string line;
  std::getline(std::ifstream(path), line);
  EXPECT_EQ(line, "lsk.secret");
}

TEST_F(AdminClientTest, TellsWrongUsageFromFailure) {
  ::unsetenv("LINKSPAN_API");
  ::unsetenv("LINKSPAN_KEY_FILE");

  EXPECT_THAT(captured(kExitUsage, {"node", "list"}), HasSubstr("which coordinator?"));
  captured(kExitUsage, {"token", "create"});
  captured(kExitUsage, {"node", "list", "--limit", "0"});
  EXPECT_THAT(captured(kExitUsage, {"--api", "http://127.0.0.1:1", "--key-file", write_key({}),
                                    "node", "list"}),
              HasSubstr("expected https://"));
  EXPECT_THAT(captured(kExitFailed, {"--api", "https://127.0.0.1:1", "--key-file", write_key({}),
                                     "node", "list"}),
              HasSubstr("connect: connection refused"));
}

}  // namespace
}  // namespace cli
