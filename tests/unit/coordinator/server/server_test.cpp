#include "coordinator/server/server.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "overlay/model/node_update.h"
#include "tests/unit/coordinator/server/running_server.h"

namespace coordinator {
namespace {

class ServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto status = running_.start();
    ASSERT_TRUE(status.ok()) << status.error().text();
  }

  RunningServer running_;
};

TEST_F(ServerTest, FirstStartMakesItsSecretsReadableToNobodyElse) {
  for (const char* name : {"tls.key", "signing.key", "log.key", "admin.key"}) {
    struct stat status {};
    ASSERT_EQ(::stat(running_.data_path(name).c_str(), &status), 0) << name;
    EXPECT_EQ(status.st_mode & 0777U, 0600U) << name;
  }
  EXPECT_EQ(running_.api("GET", "/healthz").json["state"], "ready");
}

TEST_F(ServerTest, JoinedNodeSeesItselfAndWhoComesAfter) {
  const std::string token = running_.make_token();
  Joining first("one");
  ASSERT_EQ(running_.enrol(first, token).status, 200);
  model::ViewFollower follower;

  running_.follow(first, follower, [&](const model::View& view) {
    return view.node(first.enrolled.node_id) != nullptr;
  });
  Joining second("two");
  ASSERT_EQ(running_.enrol(second, token).status, 200);
  const auto updates = running_.follow(first, follower, [&](const model::View& view) {
    return view.node(second.enrolled.node_id) != nullptr;
  });

  ASSERT_EQ(updates.size(), 1U);
  EXPECT_FALSE(updates[0].is_snapshot);
  EXPECT_NE(first.enrolled.addresses, second.enrolled.addresses);
}

TEST_F(ServerTest, RestartLosesNothingAndSendsNoSnapshots) {
  const std::string token = running_.make_token();
  Joining node("one");
  ASSERT_EQ(running_.enrol(node, token).status, 200);
  model::ViewFollower follower;
  running_.follow(node, follower, [](const model::View& view) { return !view.empty(); });

  running_.stop();
  ASSERT_TRUE(running_.start().ok());
  Joining later("two");
  ASSERT_EQ(running_.enrol(later, token).status, 200);
  const auto updates = running_.follow(node, follower, [&](const model::View& view) {
    return view.node(later.enrolled.node_id) != nullptr;
  });

  ASSERT_EQ(updates.size(), 1U);
  EXPECT_FALSE(updates[0].is_snapshot);
  const auto again = running_.enrol(node, token);
  EXPECT_EQ(model::decode_enrol_response(again.body).value(), node.enrolled);
}

TEST_F(ServerTest, ReportsMakeTheStateOfANode) {
  Joining node("one");
  ASSERT_EQ(running_.enrol(node, running_.make_token()).status, 200);
  EXPECT_EQ(running_.api("GET", "/v1/nodes").json["items"][0]["state"], "joining");
  model::NodeReport report;
  report.up = true;
  report.first_ping_ms = 12;
  report.agent_version = "9";

  EXPECT_EQ(running_.as(node, "POST", "/v1/report", encode(report)).status, 204);

  const auto shown = running_.api("GET", "/v1/nodes/" + model::text_of(node.enrolled.node_id)).json;
  EXPECT_EQ(shown["state"], "up");
  EXPECT_EQ(shown["first_ping_ms"], 12);
  EXPECT_EQ(shown["agent_version"], "9");
}

TEST_F(ServerTest, GpusOfANodeAreShownAndCounted) {
  Joining node("one");
  ASSERT_EQ(running_.enrol(node, running_.make_token()).status, 200);
  const auto shown = [&] {
    return running_.api("GET", "/v1/nodes/" + model::text_of(node.enrolled.node_id)).json["gpus"];
  };
  const auto report = [&](const std::optional<model::GpuInventory>& gpus) {
    model::NodeReport body;
    body.gpus = gpus;
    return running_.as(node, "POST", "/v1/report", encode(body)).status;
  };
  EXPECT_TRUE(shown().is_null()) << "it has said nothing";
  ASSERT_EQ(report(std::nullopt), 204);
  EXPECT_TRUE(shown().is_null()) << "an agent that does not know, or is older";

  ASSERT_EQ(report(model::GpuInventory{}), 204);
  EXPECT_EQ(shown(), nlohmann::json::parse(R"({"driver":"","devices":[]})"));

  const model::Gpu card{.model = "NVIDIA H200", .memory_bytes = 150'754'820'096};
  ASSERT_EQ(report(model::make_gpu_inventory("580.65.06", {card, card})), 204);
  const auto expected = nlohmann::json::parse(R"({"driver":"580.65.06","devices":[
      {"model":"NVIDIA H200","count":2,"memory_bytes":150754820096}]})");
  EXPECT_EQ(shown(), expected);
  EXPECT_EQ(running_.api("GET", "/v1/nodes").json["items"][0]["gpus"], expected);
  const std::string series =
      R"(linkspan_coordinator_gpus{model="NVIDIA H200",network="default"} 2)";
  EXPECT_NE(running_.api("GET", "/metrics").body.find(series), std::string::npos);

  const auto refused = running_.as(
      node, "POST", "/v1/report",
      R"({"applied_epoch":0,"applied_sequence":0,"state_hash":")" + std::string(64, '0') +
          R"(","up":false,"agent_version":"","problems":[],"gpus":{"driver":"x","devices":7}})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.field(), "gpus.devices");
}

TEST_F(ServerTest, NeighboursHearOfANodesNewAddress) {
  const std::string token = running_.make_token();
  Joining node("one");
  Joining other("two");
  ASSERT_EQ(running_.enrol(node, token).status, 200);
  ASSERT_EQ(running_.enrol(other, token).status, 200);
  const model::NodeUpdate update{.listen_port = 4500,
                                 .lan_addresses = {base::Address::v4(0xc0a80063)},
                                 .public_endpoint = std::nullopt};

  EXPECT_EQ(running_.as(node, "POST", "/v1/update", encode(update)).status, 204);

  model::ViewFollower follower;
  running_.follow(other, follower, [&](const model::View& view) {
    const model::NodeFact* const fact = view.node(node.enrolled.node_id);
    return fact != nullptr && fact->lan_addresses == update.lan_addresses &&
           fact->listen_port == 4500;
  });
  const auto refused = running_.as(node, "POST", "/v1/update", R"({"listen_port":0})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.field(), "listen_port");
}

TEST_F(ServerTest, LeavingEndsTheNode) {
  const std::string token = running_.make_token();
  Joining node("one");
  ASSERT_EQ(running_.enrol(node, token).status, 200);

  EXPECT_EQ(running_.as(node, "POST", "/v1/leave", "{}").status, 204);

  EXPECT_TRUE(running_.api("GET", "/v1/nodes").json["items"].empty());
  const auto again = running_.as(node, "POST", "/v1/leave", "{}");
  EXPECT_EQ(again.status, 404);
  EXPECT_EQ(again.field(), model::kNodeHeader);
  Joining other("two");
  ASSERT_EQ(running_.enrol(other, token).status, 200);
  EXPECT_NE(other.enrolled.addresses, node.enrolled.addresses);
}

TEST_F(ServerTest, SameIdempotencyKeyGivesTheSameToken) {
  running_.make_token();
  const std::string body = R"({"network":"default","site":"fra"})";
  const auto ask = [&](const std::string& text) {
    return running_.send("POST", "/v1/tokens", text,
                         {{"authorization", "Bearer " + running_.key}, {"idempotency-key", "abc"}});
  };

  const auto first = ask(body);
  const auto second = ask(body);

  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(first.json, second.json);
  EXPECT_EQ(running_.api("GET", "/v1/tokens").json["items"].size(), 2U);
  const auto other = ask(R"({"network":"default","site":"fra","uses":2})");
  EXPECT_EQ(other.status, 409);
  EXPECT_EQ(other.field(), "Idempotency-Key");
}

TEST_F(ServerTest, PagesFollowEachOther) {
  const std::string token = running_.make_token();
  for (int i = 0; i < 5; ++i) {
    Joining node("n" + std::to_string(i));
    ASSERT_EQ(running_.enrol(node, token).status, 200);
  }

  std::vector<std::string> names;
  std::string after;
  do {
    const auto page = running_.api("GET", "/v1/nodes?limit=2" + after).json;
    for (const auto& item : page["items"]) {
      names.push_back(item["name"].get<std::string>());
    }
    after = page["next"].is_null() ? "" : "&after=" + page["next"].get<std::string>();
  } while (!after.empty());

  EXPECT_EQ(names, (std::vector<std::string>{"n0", "n1", "n2", "n3", "n4"}));
  EXPECT_EQ(running_.api("GET", "/v1/nodes?name=n3").json["items"].size(), 1U);
}

TEST_F(ServerTest, AuditSaysWhoDidWhatAndFromWhere) {
  running_.make_token();

  const auto items = running_.api("GET", "/v1/audit?limit=1").json["items"];

  EXPECT_EQ(items[0]["action"], "token.create");
  EXPECT_EQ(items[0]["remote"], "127.0.0.1");
  EXPECT_EQ(items[0]["actor"].get<std::string>().substr(0, 13), "api key admin");
}

TEST_F(ServerTest, RolesOfApiKeysAreHeldTo) {
  const auto made = running_.api("POST", "/v1/api-keys", R"({"name":"eye","role":"viewer"})");
  ASSERT_EQ(made.status, 201);
  running_.key = made.json["key"].get<std::string>();

  EXPECT_EQ(running_.api("GET", "/v1/networks").status, 200);
  const auto refused = running_.api("POST", "/v1/networks", R"({"name":"x"})");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.detail(), "the API key \"eye\" has the role viewer, this needs operator");
  EXPECT_EQ(running_.api("GET", "/v1/api-keys").status, 403);
}

TEST_F(ServerTest, JoinScriptCarriesUrlPinAndPackages) {
  ASSERT_TRUE(loop::make_directories(running_.directory().path("packages"), 0755).ok());
  const std::string deb = "linkspan-agent_0.1.0_amd64.deb";
  ASSERT_TRUE(
      loop::write_file_atomic(running_.directory().path("packages/" + deb), "contents", 0644).ok());

  const auto script = running_.send("GET", "/join", "", {});
  EXPECT_EQ(script.status, 200);
  EXPECT_NE(script.body.find("url='" + running_.server().url() + "'"), std::string::npos);
  EXPECT_NE(script.body.find("packages='" + deb + "'"), std::string::npos);
  EXPECT_EQ(script.body.find("@URL@"), std::string::npos);
  EXPECT_EQ(running_.send("GET", "/packages/" + deb, "", {}).body, "contents");
  EXPECT_EQ(running_.send("GET", "/packages/none.deb", "", {}).status, 404);
}

TEST_F(ServerTest, AdminKeyThatWasMovedAwayDoesNotComeBack) {
  running_.stop();
  ASSERT_TRUE(loop::remove_file(running_.data_path("admin.key")).ok());

  ASSERT_TRUE(running_.start().ok());

  EXPECT_FALSE(loop::path_exists(running_.data_path("admin.key")));
  EXPECT_EQ(running_.api("GET", "/v1/networks").status, 200) << "the key itself is as good as ever";
}

TEST_F(ServerTest, MetricsAreText) {
  const auto metrics = running_.send("GET", "/metrics", "", {});
  EXPECT_EQ(metrics.status, 200);
  EXPECT_NE(metrics.body.find("linkspan_coordinator_ready 1"), std::string::npos);
}

TEST_F(ServerTest, SecondCoordinatorOnTheSameDirectoryIsRefused) {
  const auto second = Server::open(running_.loop(),
                                   {.data_dir = running_.data_path(""),
                                    .listen = base::Endpoint::parse("127.0.0.1:0").value(),
                                    .url = {},
                                    .redis = {},
                                    .packages_dir = {}},
                                   {});

  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code(), base::Errc::Conflict);
  EXPECT_EQ(second.error().text().substr(0, 54),
            "another coordinator runs on this data directory: lock ");
}

TEST_F(ServerTest, PortInUseIsNamed) {
  const auto second = Server::open(running_.loop(),
                                   {.data_dir = running_.directory().path("other"),
                                    .listen = running_.server().local(),
                                    .url = {},
                                    .redis = {},
                                    .packages_dir = {}},
                                   {});

  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.error().text().find(running_.server().local().text()), std::string::npos)
      << second.error().text();
}

TEST_F(ServerTest, PrometheusFindsEveryNode) {
  const std::string token = running_.make_token(R"(,"labels":{"linkspan.dev/gpu":"h100"})");
  Joining node("one");
  ASSERT_EQ(running_.enrol(node, token).status, 200);

  const auto targets = running_.api("GET", "/v1/prometheus/targets?site=fra&port=9400").json;

  ASSERT_EQ(targets.size(), 1U);
  EXPECT_EQ(targets[0]["targets"][0], node.enrolled.addresses.front().text() + ":9400");
  EXPECT_EQ(targets[0]["labels"]["__meta_linkspan_node"], "one");
  EXPECT_EQ(targets[0]["labels"]["__meta_linkspan_state"], "joining");
  EXPECT_EQ(targets[0]["labels"]["__meta_linkspan_label_linkspan_dev_gpu"], "h100");
  EXPECT_TRUE(running_.api("GET", "/v1/prometheus/targets?site=none").json.empty());
  EXPECT_EQ(running_.api("GET", "/v1/prometheus/targets?port=0").field(), "port");
  EXPECT_EQ(running_.send("GET", "/v1/prometheus/targets", "", {}).status, 401);
}

TEST_F(ServerTest, OperatorConfirmsWhatTheViewsSay) {
  const std::string token = running_.make_token();
  Joining node("one");
  ASSERT_EQ(running_.enrol(node, token).status, 200);
  model::ViewFollower follower;
  running_.follow(node, follower, [](const model::View& view) { return !view.empty(); });
  const std::string id = std::to_string(node.enrolled.network_id.value);

  EXPECT_EQ(running_.api("POST", "/v1/networks/" + id + "/confirm-removals").status, 204);
  EXPECT_EQ(running_.api("POST", "/v1/networks/99/confirm-removals").status, 404);

  const auto before = follower.cursor();
  const auto updates = running_.follow(
      node, follower, [&](const model::View&) { return follower.cursor() != before; });
  ASSERT_EQ(updates.size(), 1U);
  EXPECT_TRUE(updates[0].is_snapshot);
  EXPECT_TRUE(updates[0].is_mass_removal_meant);
}

TEST_F(ServerTest, WhatOnlyGrowsIsCountedAsSuch) {
  const auto lines = [&] { return running_.api("GET", "/metrics").body; };
  running_.make_token();
  const std::string text = lines();

  EXPECT_NE(text.find("# TYPE linkspan_coordinator_commands_total counter"), std::string::npos);
  EXPECT_EQ(text.find("_count gauge"), std::string::npos);
  // Read twice, counted once.
  const auto value = [](const std::string& page) {
    const std::string name = "\nlinkspan_coordinator_commands_total ";
    return page.substr(page.find(name) + name.size(), 8);
  };
  EXPECT_EQ(value(lines()), value(text));
}

}  // namespace
}  // namespace coordinator
