// One suite, two worlds: memory and a real redis-server.
#include <memory>
#include <optional>

#include <gtest/gtest.h>

#include "overlay/loop/timer.h"
#include "prover/pool/redis_share_store.h"
#include "tests/unit/overlay/loop/redis_server.h"
#include "tests/unit/prover/pool/memory_share_store.h"
#include "tests/unit/prover/pool/shares.h"

namespace prover {
namespace {

using pool_test::job_of;
using pool_test::make_share;

class MemoryWorld {
 public:
  std::unique_ptr<ShareStore> open() {
    auto store = std::make_unique<pool_test::MemoryShareStore>(disk_);
    store_ = store.get();
    return store;
  }
  template <typename Predicate>
  bool run_until(Predicate is_done) {
    while (!is_done() && store_->run_one()) {
    }
    return is_done();
  }

 private:
  pool_test::MemoryDisk disk_;
  pool_test::MemoryShareStore* store_ = nullptr;
};

class RedisWorld {
 public:
  std::unique_ptr<ShareStore> open() {
    loop::Redis::Options options;
    options.unix_path = server_.socket();
    options.reconnect_first = std::chrono::milliseconds(5);
    options.reconnect_max = std::chrono::milliseconds(50);
    return std::make_unique<RedisShareStore>(loop_, options, random_);
  }
  template <typename Predicate>
  bool run_until(Predicate is_done) {
    const base::TimePoint late_at = loop_.now() + std::chrono::seconds(30);
    while (!is_done() && loop_.now() < late_at) {
      loop::Timer tick(loop_, [] {});
      tick.start_after(std::chrono::milliseconds(10));
      loop_.run_once();
    }
    return is_done();
  }
  loop::RedisServer& server() { return server_; }

 private:
  loop::RedisServer server_;
  loop::Loop loop_;
  base::SeededRandom random_{7};
};

template <typename World>
class ShareStoreTest : public ::testing::Test {
 protected:
  ShareStore::Contents load(ShareStore& store) {
    std::optional<base::Result<ShareStore::Contents>> loaded;
    store.load([&](base::Result<ShareStore::Contents> contents) { loaded.emplace(contents); });
    EXPECT_TRUE(world_.run_until([&] { return loaded.has_value(); }));
    EXPECT_TRUE(loaded->ok());
    return loaded->value();
  }
  void begin(ShareStore& store, std::uint32_t epoch) {
    const Job job = job_of(epoch);
    bool is_done = false;
    store.begin_job({key_of(job),
                     {job.challenge.epoch_number, job.challenge.epoch_block_hash},
                     base::WallTime{1000 + epoch}},
                    [&] { is_done = true; });
    EXPECT_TRUE(world_.run_until([&] { return is_done; }));
  }
  static AcceptedShare accepted(std::uint32_t epoch, std::uint64_t nonce, std::uint8_t token = 1) {
    AcceptedShare share{
        key_of(job_of(epoch)), nonce, make_share(nonce).commitment, "w", 512, 600, {}};
    share.token.fill(token);
    return share;
  }
  Appended append(ShareStore& store, const AcceptedShare& share) {
    std::optional<Appended> appended;
    store.append(share, [&](Appended outcome) { appended = outcome; });
    EXPECT_TRUE(world_.run_until([&] { return appended.has_value(); }));
    return *appended;
  }

  World world_;
};

using Worlds = ::testing::Types<MemoryWorld, RedisWorld>;
TYPED_TEST_SUITE(ShareStoreTest, Worlds);

TYPED_TEST(ShareStoreTest, HasNothingAtFirst) {
  const auto store = this->world_.open();
  const auto contents = this->load(*store);
  EXPECT_EQ(contents.life, 1U);
  EXPECT_FALSE(contents.job);
  EXPECT_TRUE(contents.shares.empty());
  EXPECT_TRUE(contents.credits.empty());
}

TYPED_TEST(ShareStoreTest, KeepsTheLivingJobItsSharesAndAllCredits) {
  {
    const auto store = this->world_.open();
    this->load(*store);
    this->begin(*store, 1);
    for (std::uint64_t nonce = 0; nonce < 30; ++nonce) {
      EXPECT_EQ(this->append(*store, this->accepted(1, UINT64_MAX - nonce)), Appended::Counted);
    }
    this->begin(*store, 2);
    EXPECT_EQ(this->append(*store, this->accepted(2, 7)), Appended::Counted);
  }
  const auto store = this->world_.open();

  const auto contents = this->load(*store);

  EXPECT_EQ(contents.life, 2U);
  ASSERT_TRUE(contents.job);
  EXPECT_EQ(contents.job->key, key_of(job_of(2)));
  EXPECT_EQ(contents.job->epoch.number, 2U);
  EXPECT_EQ(contents.job->epoch.block_hash, job_of(2).challenge.epoch_block_hash);
  EXPECT_EQ(contents.job->started_at, base::WallTime{1002});
  ASSERT_EQ(contents.shares.size(), 1U);
  EXPECT_EQ(contents.shares[0].nonce, 7U);
  EXPECT_EQ(contents.shares[0].commitment, make_share(7).commitment);
  EXPECT_EQ(contents.credits, (Credits{{"w", {31 * 512, 31}}}));
}

TYPED_TEST(ShareStoreTest, AnAppendThatIsRepeatedCountsOnce) {
  const auto store = this->world_.open();
  this->load(*store);
  this->begin(*store, 1);
  EXPECT_EQ(this->append(*store, this->accepted(1, 5)), Appended::Counted);
  EXPECT_EQ(this->append(*store, this->accepted(1, 5)), Appended::Counted);
  this->begin(*store, 2);
  EXPECT_EQ(this->append(*store, this->accepted(1, 5)), Appended::Counted);  // also afterwards
  EXPECT_EQ(this->load(*store).credits, (Credits{{"w", {512, 1}}}));
}

TYPED_TEST(ShareStoreTest, AnotherShareWithTheNonceOrTheCommitmentIsADuplicate) {
  const auto store = this->world_.open();
  this->load(*store);
  this->begin(*store, 1);
  this->append(*store, this->accepted(1, 5));
  EXPECT_EQ(this->append(*store, this->accepted(1, 5, 2)), Appended::Duplicate);
  AcceptedShare other = this->accepted(1, 6, 3);
  other.commitment = make_share(5).commitment;
  EXPECT_EQ(this->append(*store, other), Appended::Duplicate);
  EXPECT_EQ(this->load(*store).credits, (Credits{{"w", {512, 1}}}));
}

TYPED_TEST(ShareStoreTest, TakesSharesOfTheLivingJobOnly) {
  const auto store = this->world_.open();
  this->load(*store);
  EXPECT_EQ(this->append(*store, this->accepted(1, 5)), Appended::Over);
  this->begin(*store, 1);
  this->begin(*store, 2);
  EXPECT_EQ(this->append(*store, this->accepted(1, 5)), Appended::Over);
  EXPECT_TRUE(this->load(*store).credits.empty());
}

TYPED_TEST(ShareStoreTest, BeginningTheLivingJobAgainChangesNothing) {
  const auto store = this->world_.open();
  this->load(*store);
  this->begin(*store, 1);
  this->append(*store, this->accepted(1, 5));
  this->begin(*store, 1);
  EXPECT_EQ(this->load(*store).shares.size(), 1U);
}

class RedisShareStoreTest : public ShareStoreTest<RedisWorld> {};

TEST_F(RedisShareStoreTest, LoadsMoreThanOnePage) {
  const auto store = world_.open();
  load(*store);
  begin(*store, 1);
  const std::uint64_t count = 2 * RedisShareStore::kLoadPage;
  std::uint64_t counted = 0;
  for (std::uint64_t nonce = 0; nonce < count; nonce += 500) {
    for (std::uint64_t i = 0; i < 500; ++i) {
      store->append(accepted(1, nonce + i), [&](Appended) { ++counted; });
    }
    ASSERT_TRUE(world_.run_until([&] { return counted == nonce + 500; }));
  }
  EXPECT_EQ(load(*store).shares.size(), count);
}

TEST_F(RedisShareStoreTest, AnAppendOutlivesAServerThatDiesAndCountsOnce) {
  const auto store = world_.open();
  load(*store);
  begin(*store, 1);
  int counted = 0;
  for (std::uint64_t nonce = 0; nonce < 50; ++nonce) {
    store->append(accepted(1, nonce),
                  [&](Appended outcome) { counted += outcome == Appended::Counted ? 1 : 0; });
  }
  ASSERT_TRUE(world_.run_until([&] { return counted > 0; }));
  for (std::uint64_t nonce = 50; nonce < 100; ++nonce) {
    store->append(accepted(1, nonce),
                  [&](Appended outcome) { counted += outcome == Appended::Counted ? 1 : 0; });
  }
  world_.server().kill();
  world_.server().start();
  ASSERT_TRUE(world_.run_until([&] { return counted == 100; }));
  EXPECT_EQ(load(*store).credits, (Credits{{"w", {100 * 512, 100}}}));
}

TEST_F(RedisShareStoreTest, OldJobsGoAndTheirCreditsStay) {
  const auto store = world_.open();
  load(*store);
  const std::uint32_t jobs = ShareStore::kJobsKept + 3;
  for (std::uint32_t epoch = 1; epoch <= jobs; ++epoch) {
    begin(*store, epoch);
    append(*store, accepted(epoch, epoch));
  }
  // A stream for each job that is kept, nonces and commitments for two; life, job, jobs and
  // credits.
  EXPECT_EQ(world_.server().command({"DBSIZE"}), std::to_string(ShareStore::kJobsKept + 4 + 5));
  EXPECT_EQ(load(*store).credits.at("w").shares, jobs);
}

TEST_F(RedisShareStoreTest, ContentsOfSomebodyElseAreRefused) {
  const auto first = world_.open();
  load(*first);
  world_.server().command({"HSET", "linkspan:pool:job", "key", "theirs"});
  const auto store = world_.open();
  std::optional<std::string> text;
  store->load([&](const base::Result<ShareStore::Contents>& contents) {
    text = contents.ok() ? "" : contents.error().text();
  });
  ASSERT_TRUE(world_.run_until([&] { return text.has_value(); }));
  EXPECT_EQ(*text, "redis: linkspan:pool:job is something else, expected what a pool wrote");
}

}  // namespace
}  // namespace prover
