// A whole coordinator in a temporary directory, with its own Redis, and a client to ask it with.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "coordinator/server/server.h"
#include "overlay/base/bytes.h"
#include "overlay/crypto/keys.h"
#include "overlay/loop/files.h"
#include "overlay/loop/http_client.h"
#include "overlay/loop/timer.h"
#include "overlay/model/enrol.h"
#include "overlay/model/request_signature.h"
#include "overlay/model/token.h"
#include "overlay/model/view_follower.h"
#include "tests/unit/overlay/loop/temporary_directory.h"

namespace coordinator {

// A server that joins: keys of its own, requests signed with them.
struct Joining {
  crypto::IdentityKey identity = crypto::IdentityKey::generate();
  crypto::WireguardKey wireguard = crypto::WireguardKey::generate();
  std::string name;
  model::EnrolResponse enrolled;
  base::WallTime last_time;
  model::HostId host;

  explicit Joining(std::string wanted)
      : name(std::move(wanted)), host{.machine_id = "machine-of-" + name, .boot_id = "boot"} {}

  std::vector<loop::HttpHeader> sign(const std::string& method, const std::string& target,
                                     const std::string& node, const std::string& body,
                                     base::WallTime now) {
    last_time = std::max(now, base::WallTime{last_time.unix_ms + 1});
    const std::string from = host.text();
    const auto headers = model::sign_request(
        identity,
        {.method = method, .target = target, .node = node, .time = last_time, .host = from},
        base::as_bytes(body));
    return {{std::string(model::kNodeHeader), headers.node},
            {std::string(model::kTimeHeader), headers.time},
            {std::string(model::kHostHeader), headers.host},
            {std::string(model::kSignatureHeader), headers.signature}};
  }
};

class RunningServer {
 public:
  struct Answer {
    int status = 0;
    std::map<std::string, std::string> headers;
    std::string body;
    nlohmann::json json;

    std::string detail() const { return json.value("detail", ""); }
    std::string field() const { return json.value("field", ""); }
  };

  RunningServer() { crypto::init(); }
  ~RunningServer() {
    if (server_ != nullptr) {
      stop();
    }
  }

  base::Status start() {
    bool is_ready = false;
    auto opened = Server::open(loop_,
                               {.data_dir = directory_.path("data"),
                                .listen = base::Endpoint::parse("127.0.0.1:0").value(),
                                .url = {},
                                .redis = redis,
                                .redis_replicas_min = redis_replicas_min,
                                .packages_dir = directory_.path("packages"),
                                .quarantine = quarantine},
                               [&] { is_ready = true; });
    if (!opened.ok()) {
      return opened.error();
    }
    server_ = std::move(opened).value();
    client_ = std::make_unique<loop::HttpClient>(loop_);
    wait_for([&] { return is_ready; });
    if (key.empty()) {
      key = loop::read_file(data_path("admin.key"), 1024).value();
      key.pop_back();
    }
    return {};
  }

  void stop() {
    client_ = nullptr;  // its idle connections would be waited for
    bool is_stopped = false;
    server_->stop([&] { is_stopped = true; });
    wait_for([&] { return is_stopped; });
    server_ = nullptr;
  }

  template <typename Condition>
  void wait_for(Condition condition) {
    bool is_late = false;
    loop::Timer limit(loop_, [&] { is_late = true; });
    limit.start_after(std::chrono::seconds(20));
    while (!condition() && !is_late) {
      loop_.run_once();
    }
    ASSERT_FALSE(is_late) << "20 s passed";
  }

  Answer send(const std::string& method, const std::string& target, const std::string& body,
              std::vector<loop::HttpHeader> headers) {
    loop::HttpRequest request;
    request.method = method;
    request.url = server_->url() + target;
    request.body = body;
    request.headers = std::move(headers);
    request.pinned_spki = server_->data_dir().pin();
    std::optional<base::Result<loop::HttpResponse>> response;
    const auto handle = client_->send(
        std::move(request),
        [&](base::Result<loop::HttpResponse> got) { response.emplace(std::move(got)); });
    wait_for([&] { return response.has_value(); });
    Answer answer;
    if (!response->ok()) {
      ADD_FAILURE() << response->error().text();
      return answer;
    }
    answer.status = response->value().status;
    for (const auto& [name, value] : response->value().headers) {
      answer.headers[name] = value;
    }
    answer.body = response->value().body;
    answer.json = nlohmann::json::parse(answer.body, nullptr, false);
    return answer;
  }

  // As an operator, with the admin key unless `headers` say otherwise.
  Answer api(const std::string& method, const std::string& target, const std::string& body = "") {
    return send(method, target, body, {{"authorization", "Bearer " + key}});
  }

  // As a node.
  Answer as(Joining& node, const std::string& method, const std::string& target,
            const std::string& body = "") {
    return send(
        method, target, body,
        node.sign(method, target, model::text_of(node.enrolled.node_id), body, loop_.wall_now()));
  }

  model::EnrolRequest enrol_request(const Joining& joining, const std::string& token) {
    const auto parsed = model::JoinToken::parse(token);
    EXPECT_TRUE(parsed.ok());
    model::EnrolRequest request;
    request.token = {.id = parsed.value().id, .secret = parsed.value().secret.copy()};
    request.identity_key = joining.identity.public_key();
    request.wireguard_key = joining.wireguard.public_key();
    request.name = joining.name;
    request.machine_id = joining.host.machine_id;
    request.boot_id = joining.host.boot_id;
    request.agent_version = "test";
    return request;
  }

  Answer enrol(Joining& joining, const std::string& token) {
    const std::string body = encode(enrol_request(joining, token));
    Answer answer = send("POST", "/v1/enrol", body,
                         joining.sign("POST", "/v1/enrol", joining.identity.public_key().text(),
                                      body, loop_.wall_now()));
    if (answer.status == 200) {
      joining.enrolled = model::decode_enrol_response(answer.body).value();
    }
    return answer;
  }

  // A network and a site, and a token for it.
  std::string make_token(const std::string& extra = "") {
    if (api("GET", "/v1/networks").json["items"].empty()) {
      EXPECT_EQ(api("POST", "/v1/networks", R"({"name":"default"})").status, 201);
      EXPECT_EQ(api("POST", "/v1/sites", R"({"name":"fra","network":"default"})").status, 201);
    }
    const Answer answer =
        api("POST", "/v1/tokens", R"({"network":"default","site":"fra","uses":100)" + extra + "}");
    EXPECT_EQ(answer.status, 201) << answer.body;
    return answer.json.value("token", "");
  }

  // Follows the node's view until `is_enough` of it; gives the updates that came.
  template <typename Enough>
  std::vector<model::ViewUpdate> follow(Joining& node, model::ViewFollower& follower,
                                        Enough is_enough) {
    const std::string target = "/v1/view?epoch=" + std::to_string(follower.cursor().epoch) +
                               "&sequence=" + std::to_string(follower.cursor().sequence);
    loop::HttpRequest request;
    request.url = server_->url() + target;
    request.headers =
        node.sign("GET", target, model::text_of(node.enrolled.node_id), "", loop_.wall_now());
    request.pinned_spki = server_->data_dir().pin();
    request.total_timeout = std::nullopt;
    model::FrameReader reader;
    std::vector<model::ViewUpdate> updates;
    const auto handle =
        client_->stream(std::move(request),
                        {.on_head = [](const loop::HttpHead& head) { EXPECT_EQ(head.status, 200); },
                         .on_data =
                             [&](std::span<const std::uint8_t> bytes) {
                               ASSERT_TRUE(reader.feed(bytes).ok());
                               while (const auto frame = reader.poll_frame()) {
                                 if (frame->type == model::FrameType::Ping) {
                                   continue;
                                 }
                                 const auto update = model::open_update(
                                     frame->bytes, node.enrolled.signing_key, node.enrolled.view);
                                 ASSERT_TRUE(update.ok()) << update.error().text();
                                 ASSERT_TRUE(follower.handle_update(update.value()).ok());
                                 updates.push_back(update.value());
                               }
                             },
                         .on_end = [](const base::Status&) {}});
    wait_for([&] { return is_enough(follower.view()); });
    return updates;
  }

  std::string data_path(const std::string& name) const { return directory_.path("data/" + name); }
  const loop::TemporaryDirectory& directory() const { return directory_; }
  Server& server() { return *server_; }
  loop::Loop& loop() { return loop_; }

  base::Duration quarantine = std::chrono::hours(24);
  std::optional<loop::Redis::Options> redis;
  int redis_replicas_min = 0;
  std::string key;

 private:
  loop::TemporaryDirectory directory_;
  loop::Loop loop_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<loop::HttpClient> client_;
};

}  // namespace coordinator
