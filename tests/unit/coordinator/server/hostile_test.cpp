// What nobody should send: refused with a problem document that names the field, and nothing
// changes.
#include <gtest/gtest.h>

#include "tests/unit/coordinator/server/running_server.h"

namespace coordinator {
namespace {

class HostileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto status = running_.start();
    ASSERT_TRUE(status.ok()) << status.error().text();
    token_ = running_.make_token();
    sequence_ = running_.server().committer().latest().sequence.get();
  }
  void TearDown() override {
    EXPECT_EQ(running_.server().committer().latest().sequence.get(), sequence_)
        << "a refused request changed the state";
  }

  void expect_problem(const RunningServer::Answer& answer, int status, const std::string& field) {
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_EQ(answer.headers.at("content-type"), "application/problem+json");
    EXPECT_EQ(answer.json.value("status", 0), status);
    EXPECT_EQ(answer.field(), field) << answer.body;
    EXPECT_FALSE(answer.detail().empty());
  }

  // A joined node; counts as no hostile change.
  void join(Joining& node) {
    ASSERT_EQ(running_.enrol(node, token_).status, 200);
    sequence_ = running_.server().committer().latest().sequence.get();
  }

  RunningServer running_;
  std::string token_;
  std::uint64_t sequence_ = 0;
};

TEST_F(HostileTest, BodiesThatDoNotRead) {
  expect_problem(running_.api("POST", "/v1/networks", "{\"name\":"), 400, "");
  expect_problem(running_.api("POST", "/v1/networks", "[]"), 400, "");
  expect_problem(running_.api("POST", "/v1/networks", ""), 400, "");
  expect_problem(running_.api("POST", "/v1/networks", R"({"name":7})"), 400, "name");
  expect_problem(running_.api("POST", "/v1/networks", R"({"name":"x","mtu":"big"})"), 400, "mtu");
  expect_problem(running_.api("POST", "/v1/networks", R"({"name":"Not A Label"})"), 400, "name");
  expect_problem(running_.api("POST", "/v1/networks", R"({"name":"x","name":"y"})"), 400, "");
  expect_problem(running_.api("POST", "/v1/networks", std::string(50'000, '[')), 400, "");
  expect_problem(running_.api("POST", "/v1/networks", std::string(200'000, ' ')), 413, "");
  expect_problem(
      running_.api("POST", "/v1/tokens", R"({"network":"default","site":"fra","uses":-1})"), 400,
      "uses");
  expect_problem(running_.api("POST", "/v1/sites", R"({"name":"x","network":"nowhere"})"), 404,
                 "network");
}

TEST_F(HostileTest, PathsMethodsAndQueriesThatAreNone) {
  expect_problem(running_.api("GET", "/v1/nothing"), 404, "");
  expect_problem(running_.api("GET", "/v1/nodes/xyz"), 404, "id");
  expect_problem(running_.api("DELETE", "/v1/sites/99999999999"), 404, "site");
  const auto wrong = running_.api("PUT", "/v1/networks", "{}");
  expect_problem(wrong, 405, "");
  EXPECT_EQ(wrong.headers.at("allow"), "GET, POST");
  expect_problem(running_.api("GET", "/v1/nodes?limit=0"), 400, "limit");
  expect_problem(running_.api("GET", "/v1/nodes?limit=5000"), 400, "limit");
  expect_problem(running_.api("GET", "/v1/nodes?colour=red"), 400, "colour");
  expect_problem(running_.api("GET", "/v1/nodes?after=zzz"), 400, "after");
}

TEST_F(HostileTest, KeysThatAreNotKnown) {
  for (const std::string& header :
       {std::string("Bearer x"), std::string("Basic abc"),
        "Bearer lsk.0000000000000001." + std::string(43, 'A'),
        "Bearer " + running_.key.substr(0, 30) + "A" + running_.key.substr(31)}) {
    expect_problem(running_.send("GET", "/v1/nodes", "", {{"authorization", header}}), 401,
                   "authorization");
  }
  expect_problem(running_.send("GET", "/v1/nodes", "", {}), 401, "authorization");
}

TEST_F(HostileTest, EnrolmentsThatAreNotSignedByWhomTheyName) {
  Joining node("one");
  Joining other("two");
  const std::string body = encode(running_.enrol_request(node, token_));
  const std::string name = node.identity.public_key().text();
  const base::WallTime now = running_.loop().wall_now();

  expect_problem(running_.send("POST", "/v1/enrol", body, {}), 400, "linkspan-node");
  expect_problem(
      running_.send("POST", "/v1/enrol", body, other.sign("POST", "/v1/enrol", name, body, now)),
      401, "linkspan-signature");
  expect_problem(
      running_.send("POST", "/v1/enrol", body,
                    other.sign("POST", "/v1/enrol", other.identity.public_key().text(), body, now)),
      401, "linkspan-node");
  expect_problem(
      running_.send("POST", "/v1/enrol", body, node.sign("POST", "/v1/report", name, body, now)),
      401, "linkspan-signature");
  expect_problem(
      running_.send("POST", "/v1/enrol", body,
                    node.sign("POST", "/v1/enrol", name, body, now + std::chrono::hours(1))),
      401, "linkspan-time");
}

TEST_F(HostileTest, EnrolmentsWithFieldsThatAreWrong) {
  Joining node("one");
  const auto send = [&](const std::string& field, const nlohmann::json& value) {
    nlohmann::json body = nlohmann::json::parse(encode(running_.enrol_request(node, token_)));
    body[field] = value;
    const std::string text = body.dump();
    return running_.send("POST", "/v1/enrol", text,
                         node.sign("POST", "/v1/enrol", node.identity.public_key().text(), text,
                                   running_.loop().wall_now()));
  };

  expect_problem(send("listen_port", "x"), 400, "listen_port");
  expect_problem(send("listen_port", 0), 400, "listen_port");
  expect_problem(send("name", "A B"), 400, "name");
  expect_problem(send("lan_addresses", {"1.2.3"}), 400, "lan_addresses[0]");
  expect_problem(send("token", "abc"), 400, "token");
  expect_problem(send("wireguard_key", "abc"), 400, "wireguard_key");
  expect_problem(send("network", "prod"), 409, "network");
  expect_problem(send("local_prefixes", {"10.200.0.0/16"}), 409, "local_prefixes[0]");
}

TEST_F(HostileTest, TokensThatAreNoneSayWhyInOneSentence) {
  Joining node("one");
  const std::string id = token_.substr(0, 16);
  const std::string unknown = "00000000000000ff" + token_.substr(16);
  const auto refused = running_.enrol(node, unknown);
  expect_problem(refused, 401, "token");
  EXPECT_EQ(refused.detail(), "token: 00000000000000ff is not known to this coordinator");

  std::string tampered = token_;
  tampered[20] = tampered[20] == 'A' ? 'B' : 'A';
  const auto wrong = running_.enrol(node, tampered);
  expect_problem(wrong, 401, "token");
  EXPECT_EQ(wrong.detail(),
            "token: " + id + " has another secret: it is mistyped or was tampered with");
}

TEST_F(HostileTest, NodeRequestsThatAreReplayedOrForged) {
  Joining node("one");
  Joining thief("two");
  join(node);
  const std::string id = model::text_of(node.enrolled.node_id);
  const std::string body = encode(model::NodeReport{});
  const auto headers = node.sign("POST", "/v1/report", id, body, running_.loop().wall_now());

  EXPECT_EQ(running_.send("POST", "/v1/report", body, headers).status, 204);
  expect_problem(running_.send("POST", "/v1/report", body, headers), 401, "linkspan-time");
  expect_problem(
      running_.send("POST", "/v1/leave", "{}",
                    thief.sign("POST", "/v1/leave", id, "{}", running_.loop().wall_now())),
      401, "linkspan-signature");
  expect_problem(running_.send("GET", "/v1/view?epoch=0&sequence=0", "", {}), 400, "linkspan-node");
  auto garbled = node.sign("POST", "/v1/report", id, body, running_.loop().wall_now());
  for (std::size_t i = 0; i < garbled.size(); ++i) {
    auto one = garbled;
    one[i].value = "?";
    expect_problem(running_.send("POST", "/v1/report", body, one), 400, one[i].name);
  }
  expect_problem(running_.as(node, "GET", "/v1/view?epoch=x"), 400, "epoch");
  expect_problem(running_.as(node, "GET", "/v1/view?colour=1"), 400, "colour");
  expect_problem(running_.as(node, "POST", "/v1/report", R"({"up":1})"), 400, "applied_epoch");
  expect_problem(running_.as(node, "POST", "/v1/leave", R"({"a":1})"), 400, "");
}

TEST_F(HostileTest, CopyOfANodeIsParkedAndShown) {
  Joining node("one");
  join(node);
  const std::string id = model::text_of(node.enrolled.node_id);
  const std::string report = encode(model::NodeReport{});
  ASSERT_EQ(running_.as(node, "POST", "/v1/report", report).status, 204);
  const model::HostId own = std::exchange(node.host, {"another-machine", "boot"});

  const auto refused = running_.as(node, "POST", "/v1/leave", "{}");
  expect_problem(refused, 409, "linkspan-host");
  EXPECT_NE(refused.detail().find("its disk looks like a copy"), std::string::npos);
  expect_problem(running_.as(node, "GET", "/v1/view?epoch=0&sequence=0"), 409, "linkspan-host");

  const auto shown = running_.api("GET", "/v1/nodes/" + id).json;
  EXPECT_EQ(shown["remote"], "127.0.0.1");
  ASSERT_EQ(shown["parked"].size(), 1U);
  EXPECT_EQ(shown["parked"][0]["machine_id"], "another-machine");
  EXPECT_EQ(shown["parked"][0]["remote"], "127.0.0.1");
  EXPECT_EQ(shown["problems"].size(), 1U);
  const auto audit = running_.api("GET", "/v1/audit?limit=1").json["items"][0];
  EXPECT_EQ(audit["action"], "node.copy-parked");
  sequence_ = running_.server().committer().latest().sequence.get();  // that entry

  node.host = own;
  EXPECT_EQ(running_.as(node, "POST", "/v1/report", report).status, 204);
}

TEST_F(HostileTest, IdempotencyKeyThatIsTooLong) {
  const auto create = [&](std::size_t size) {
    return running_.send(
        "POST", "/v1/networks", R"({"name":"NOT A NAME"})",
        {{"authorization", "Bearer " + running_.key}, {"idempotency-key", std::string(size, 'k')}});
  };
  expect_problem(create(Api::kIdempotencyKeyBytesMax + 1), 400, "Idempotency-Key");
  expect_problem(create(Api::kIdempotencyKeyBytesMax), 400, "name");
}

}  // namespace
}  // namespace coordinator
