#include "prover/pool/stratum.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "prover/pool/line_reader.h"
#include "tests/unit/prover/pool/shares.h"

namespace prover {
namespace {

using pool_test::address_of;
using pool_test::job_of;
using pool_test::make_share;

const std::string kZeros96(96, '0');
const std::string kZeros98(98, '0');

std::string submit_with(const std::string& nonce, const std::string& commitment,
                        const std::string& proof) {
  return R"({"id":7,"method":"mining.submit","params":["w","01000000",")" + nonce + R"(",")" +
         commitment + R"(",")" + proof + R"("]})";
}

TEST(StratumTest, GoldenLinesOfAProver) {
  EXPECT_EQ(encode(SubscribeRequest{1, "ua/1", std::string(kStratumVersion), std::nullopt}),
            R"({"id":1,"jsonrpc":"2.0","method":"mining.subscribe","params":)"
            R"(["ua/1","AleoStratum/2.0.0",null]})"
            "\n");
  EXPECT_EQ(encode(AuthorizeRequest{2, "aleo1w", "x"}),
            R"({"id":2,"jsonrpc":"2.0","method":"mining.authorize","params":["aleo1w","x"]})"
            "\n");
  Share share;
  share.nonce = 0x0102030405060708;
  EXPECT_EQ(encode(SubmitRequest{3, "w", job_id_of(1), share}),
            R"({"id":3,"jsonrpc":"2.0","method":"mining.submit","params":["w","01000000",)"
            R"("0807060504030201",")" +
                kZeros96 + R"(",")" + kZeros98 + "\"]}\n");
}

TEST(StratumTest, GoldenLinesOfAPool) {
  EXPECT_EQ(encode(SetTarget{512}),
            R"({"id":null,"jsonrpc":"2.0","method":"mining.set_target","params":[512]})"
            "\n");
  Notify notify{job_id_of(258), {}, std::nullopt, true};
  notify.challenge.epoch_number = 258;
  EXPECT_EQ(
      encode(notify),
      R"({"id":null,"jsonrpc":"2.0","method":"mining.notify","params":["02010000","02010000)" +
          std::string(64, '0') + "ff1f0000\",null,true]}\n");
  EXPECT_EQ(encode(Answer{4, true}), R"({"id":4,"jsonrpc":"2.0","result":true})"
                                     "\n");
  EXPECT_EQ(encode_refusal("x", {StratumCode::Duplicate, "twice"}),
            R"({"error":{"code":22,"message":"twice"},"id":"x","jsonrpc":"2.0"})"
            "\n");
  EXPECT_EQ(
      encode(Answer{1, Subscription{"s", {0x0102, 3}, Bytes32{}}}),
      R"({"id":1,"jsonrpc":"2.0","result":["s","000102",")" + format_address(Bytes32{}) + "\"]}\n");
}

TEST(StratumTest, RequestsSurviveTheWayThereAndBack) {
  const auto subscribe = decode_request(R"({"id":"a","method":"mining.subscribe",)"
                                        R"("params":["ua","AleoStratum/2.0.0","s1"],"other":{}})");
  ASSERT_TRUE(std::holds_alternative<SubscribeRequest>(subscribe));
  EXPECT_EQ(std::get<SubscribeRequest>(subscribe).session_id, "s1");
  EXPECT_EQ(std::get<SubscribeRequest>(subscribe).id, MessageId("a"));

  const Share share = make_share(77);
  const auto submit = decode_request(pool_test::submit_line(5, share, 9));
  ASSERT_TRUE(std::holds_alternative<SubmitRequest>(submit));
  EXPECT_EQ(std::get<SubmitRequest>(submit).share, share);
  EXPECT_EQ(std::get<SubmitRequest>(submit).job_id, "09000000");
}

TEST(StratumTest, MessagesSurviveTheWayThereAndBack) {
  const Job job = job_of(3);
  const auto notify = decode_message(encode(Notify{"j", job.challenge, address_of(1), false}));
  ASSERT_TRUE(notify.ok()) << notify.error().text();
  const auto& read = std::get<Notify>(notify.value());
  EXPECT_EQ(read.challenge, job.challenge);
  EXPECT_EQ(read.address, address_of(1));
  EXPECT_FALSE(read.clean_jobs);

  const auto answer = decode_message(encode(Answer{1, Subscription{"s", {5, 3}, address_of(2)}}));
  ASSERT_TRUE(answer.ok());
  const auto& subscription = std::get<Subscription>(std::get<Answer>(answer.value()).result);
  EXPECT_EQ(subscription.prefix, (NoncePrefix{5, 3}));
  EXPECT_EQ(subscription.address, address_of(2));

  const auto target = decode_message(encode(SetTarget{UINT64_MAX}));
  ASSERT_TRUE(target.ok());
  EXPECT_EQ(std::get<SetTarget>(target.value()).target, UINT64_MAX);
}

TEST(StratumTest, MembersThatNobodyKnowsAndNullsArePassedOver) {
  const auto answer =
      decode_message(R"({"id":3,"result":true,"error":null,"x":[1,{"y":2}],"jsonrpc":"2.0"})");
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(std::get<bool>(std::get<Answer>(answer.value()).result), true);
  const auto notification = decode_request(R"({"method":"mining.authorize","params":["w",null]})");
  ASSERT_TRUE(std::holds_alternative<AuthorizeRequest>(notification));
  EXPECT_EQ(std::get<AuthorizeRequest>(notification).id, MessageId());
}

TEST(StratumTest, SubscribeWithoutASessionIdIsOneOfOldClients) {
  EXPECT_TRUE(std::holds_alternative<SubscribeRequest>(
      decode_request(R"({"id":1,"method":"mining.subscribe","params":["a","b"]})")));
}

struct BadLine {
  std::string line;
  std::string text;
};

TEST(StratumTest, RequestsThatCannotBeReadAreRefusedWithCode20AndTheReason) {
  const std::vector<BadLine> lines = {
      {"[]", "line: expected an object"},
      {R"({"id":1})", "method: absent, expected a text"},
      {R"({"id":1,"method":7})", "method: 7, expected a text"},
      {R"({"id":1,"method":"mining.hashrate","params":[]})",
       R"(method: "mining.hashrate", expected mining.subscribe, authorize or submit)"},
      {R"({"id":1.5,"method":"mining.submit"})",
       "id: 1.5, expected a 64-bit integer, a text of at most 64 bytes, or null"},
      {R"({"id":1,"jsonrpc":"1.0","method":"mining.submit"})", R"(jsonrpc: "1.0", expected "2.0")"},
      {R"({"id":1,"method":"mining.submit"})", "mining.submit: params: absent, expected an array"},
      {R"({"id":1,"method":"mining.submit","params":{"a":1}})",
       R"(mining.submit: params: {"a":1}, expected an array)"},
      {R"({"id":1,"method":"mining.submit","params":["w"]})",
       "mining.submit: params: 1 of them, expected 5"},
      {R"({"id":1,"method":"mining.authorize","params":[1,"x"]})",
       "mining.authorize: params[0], worker: 1, expected a text"},
      {R"({"id":1,"method":"mining.authorize","params":["a b","x"]})",
       "mining.authorize: params[0], worker: expected 1 to 128 printable characters of ASCII "
       "without spaces"},
      {R"({"id":1,"method":"mining.authorize","params":[")" + std::string(129, 'w') + R"(","x"]})",
       "mining.authorize: params[0], worker: 129 bytes, expected at most 128"},
  };
  for (const BadLine& bad : lines) {
    const auto request = decode_request(bad.line);
    ASSERT_TRUE(std::holds_alternative<BadRequest>(request)) << bad.line;
    const auto& refused = std::get<BadRequest>(request);
    EXPECT_EQ(refused.refusal.code, StratumCode::Other);
    if (bad.line != "[]") {
      EXPECT_EQ(refused.refusal.text, bad.text);
    }
  }
}

// The reference unwraps a nonce of the wrong length and dies of it.
TEST(StratumTest, SharesOfWrongLengthOrNoHexAreRefusedByTheirField) {
  const std::string nonce(16, '0');
  const std::vector<BadLine> lines = {
      {submit_with("00", kZeros96, kZeros98),
       "mining.submit: params[2], nonce: 2 characters, expected 16 hex digits"},
      {submit_with("", kZeros96, kZeros98),
       "mining.submit: params[2], nonce: 0 characters, expected 16 hex digits"},
      {submit_with(nonce + "00", kZeros96, kZeros98),
       "mining.submit: params[2], nonce: 18 characters, expected 16 hex digits"},
      {submit_with("000000000000000g", kZeros96, kZeros98),
       "mining.submit: params[2], nonce: a character that is no hex digit, expected 16 hex digits"},
      {submit_with(nonce, kZeros96 + "00", kZeros98),
       "mining.submit: params[3], commitment: 98 characters, expected 96 hex digits"},
      {submit_with(nonce, kZeros96, kZeros96),
       "mining.submit: params[4], proof: 96 characters, expected 98 hex digits"},
  };
  for (const BadLine& bad : lines) {
    const auto request = decode_request(bad.line);
    ASSERT_TRUE(std::holds_alternative<BadRequest>(request)) << bad.line;
    EXPECT_EQ(std::get<BadRequest>(request).refusal.text, bad.text);
    EXPECT_EQ(std::get<BadRequest>(request).id, MessageId(7));
    EXPECT_TRUE(std::get<BadRequest>(request).is_submit);
  }
}

TEST(StratumTest, MessagesThatCannotBeReadSayWhy) {
  const std::vector<BadLine> lines = {
      {R"({"method":"mining.set_target","params":[0]})",
       "mining.set_target: params[0], target: 0, expected a number in 1..2^64-1"},
      {R"({"method":"mining.set_target","params":[-1]})",
       "mining.set_target: params[0], target: -1, expected a number in 1..2^64-1"},
      {R"({"method":"mining.set_target","params":[1.5]})",
       "mining.set_target: params[0], target: 1.5, expected a number in 1..2^64-1"},
      {R"({"method":"mining.notify","params":["j","00",null,true]})",
       "mining.notify: params[1], epoch challenge: 2 characters, expected 80 hex digits"},
      {R"({"id":1,"result":7})", "result: 7, expected true, null or an array"},
      {R"({"id":1})", "neither method, result nor error"},
      {R"({"id":1,"error":[20,"x",null]})",
       R"(error: [20,"x",null], expected {"code", "message"})"},
      {R"({"id":1,"result":[null,"zz",null]})",
       R"(result[1], server nonce: "zz", expected null or at most 14 hex digits)"},
      {R"({"id":1,"result":[null]})", "result: 1 members, expected 3"},
  };
  for (const BadLine& bad : lines) {
    const auto message = decode_message(bad.line);
    ASSERT_FALSE(message.ok()) << bad.line;
    EXPECT_EQ(message.error().text(), bad.text);
  }
}

TEST(StratumTest, TheLongestLinesFit) {
  const std::string long_name(kWorkerBytesMax, 'w');
  EXPECT_LE(encode(SubmitRequest{INT64_MAX, long_name, std::string(64, 'j'), make_share(1)}).size(),
            kLineBytesMax);
  EXPECT_LE(
      encode_refusal(std::string(64, '"'), {StratumCode::Other, std::string(9999, '\x01')}).size(),
      kLineBytesMax);
}

}  // namespace
}  // namespace prover
