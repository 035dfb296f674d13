#include "prover/pool/redis_share_store.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "overlay/base/hex.h"
#include "overlay/base/log.h"

namespace prover {
namespace {

using loop::RedisReply;

constexpr const char* kLifeKey = "linkspan:pool:life";
constexpr const char* kJobKey = "linkspan:pool:job";
constexpr const char* kJobsKey = "linkspan:pool:jobs";
constexpr const char* kSharesPrefix = "linkspan:pool:shares:";
constexpr const char* kNoncesPrefix = "linkspan:pool:nonces:";
constexpr const char* kCommitmentsPrefix = "linkspan:pool:commitments:";
constexpr const char* kCreditsKey = "linkspan:pool:credits";
constexpr const char* kCreditedKey = "linkspan:pool:credited_shares";

// A share that is there already was counted by this append, if its token says so: an answer was
// lost. That is looked at before all else, for the job may have ended since.
// KEYS job nonces commitments shares credits credited   ARGV key nonce token commitment worker
// credit target
constexpr const char* kAppendScript = R"(
local token = redis.call('HGET', KEYS[2], ARGV[2])
if token then return token == ARGV[3] and 'counted' or 'duplicate' end
if redis.call('HGET', KEYS[1], 'key') ~= ARGV[1] then return 'over' end
if redis.call('SISMEMBER', KEYS[3], ARGV[4]) == 1 then return 'duplicate' end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
redis.call('SADD', KEYS[3], ARGV[4])
redis.call('XADD', KEYS[4], '*', 'n', ARGV[2], 'c', ARGV[4],
  'w', ARGV[5], 'd', ARGV[6], 't', ARGV[7])
redis.call('HINCRBY', KEYS[5], ARGV[5], ARGV[6])
redis.call('HINCRBY', KEYS[6], ARGV[5], 1)
return 'counted')";

// What tells repeated appends apart is kept for one job more than the living one; the shares of
// older jobs go when there are too many jobs.
// KEYS job jobs   ARGV key number hash started_ms keep shares nonces commitments
constexpr const char* kBeginScript = R"(
if redis.call('HGET', KEYS[1], 'key') == ARGV[1] then return 'same' end
redis.call('HSET', KEYS[1], 'key', ARGV[1], 'number', ARGV[2], 'hash', ARGV[3],
  'started_ms', ARGV[4])
redis.call('LREM', KEYS[2], 0, ARGV[1])
redis.call('RPUSH', KEYS[2], ARGV[1])
local ended = redis.call('LINDEX', KEYS[2], -3)
if ended then redis.call('DEL', ARGV[7] .. ended, ARGV[8] .. ended) end
while redis.call('LLEN', KEYS[2]) > tonumber(ARGV[5]) do
  local oldest = redis.call('LPOP', KEYS[2])
  redis.call('DEL', ARGV[6] .. oldest, ARGV[7] .. oldest, ARGV[8] .. oldest)
end
return 'begun')";

std::string raw(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

template <std::size_t N>
bool copy_exactly(const std::string& text, std::array<std::uint8_t, N>& out) {
  if (text.size() != N) {
    return false;
  }
  std::ranges::transform(text, out.begin(), [](char c) { return static_cast<std::uint8_t>(c); });
  return true;
}

template <typename Number>
bool parse_number(const std::string& text, Number& out, int radix = 10) {
  const char* const end = text.data() + text.size();
  const auto [at, code] = std::from_chars(text.data(), end, out, radix);
  return code == std::errc() && at == end && !text.empty();
}

std::string hex_of(std::uint64_t nonce) {
  std::array<std::uint8_t, 8> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[bytes.size() - 1 - i] = static_cast<std::uint8_t>(nonce >> (8 * i));
  }
  return base::hex_encode(bytes);
}

base::Error foreign(const std::string& what) {
  return {base::Errc::Malformed, "redis: " + what + ", expected what a pool wrote"};
}

// Field and value, one after the other.
std::map<std::string, std::string> pairs_of(const RedisReply& reply) {
  std::map<std::string, std::string> pairs;
  for (std::size_t i = 0; i + 1 < reply.items.size(); i += 2) {
    pairs[reply.items[i].text] = reply.items[i + 1].text;
  }
  return pairs;
}

base::Result<ShareStore::LivingJob> parse_job(const RedisReply& reply) {
  auto fields = pairs_of(reply);
  ShareStore::LivingJob job;
  const auto key = base::hex_decode(fields["key"]);
  if (!key.ok() || !copy_exactly(raw(key.value()), job.key) ||
      !parse_number(fields["number"], job.epoch.number) ||
      !copy_exactly(fields["hash"], job.epoch.block_hash) ||
      !parse_number(fields["started_ms"], job.started_at.unix_ms)) {
    return foreign(std::string(kJobKey) + " is something else");
  }
  return job;
}

base::Result<AcceptedShare> parse_share(const RedisReply& entry, const JobKey& job) {
  if (entry.items.size() != 2) {
    return foreign("an entry of a stream is no pair");
  }
  auto fields = pairs_of(entry.items[1]);
  AcceptedShare share;
  share.job = job;
  share.worker = fields["w"];
  if (!parse_number(fields["n"], share.nonce, 16) || !copy_exactly(fields["c"], share.commitment) ||
      !parse_number(fields["d"], share.credit) || !parse_number(fields["t"], share.target)) {
    return foreign("share " + entry.items[0].text + " is something else");
  }
  return share;
}

}  // namespace

struct RedisShareStore::Loading {
  Contents contents;
  std::string after = "-";
  std::function<void(base::Result<Contents>)> done;
};

struct RedisShareStore::Write {
  const char* script;
  std::vector<std::string> keys;
  std::vector<std::string> arguments;
  std::function<void(const std::string&)> done;
  bool is_logged = false;
};

RedisShareStore::RedisShareStore(loop::Loop& loop, loop::Redis::Options options,
                                 base::RandomSource& random)
    : loop_(loop), session_(loop, std::move(options), random), retry_(loop, [this] {
        for (const auto& again : std::exchange(retries_, {})) {
          again();
        }
      }) {}

void RedisShareStore::ask_forever(std::vector<std::string> words,
                                  std::function<void(RedisReply)> done) {
  auto again = words;
  session_.ask(std::move(words), loop_.now() + kTryFor,
               [this, again = std::move(again),
                done = std::move(done)](base::Result<RedisReply> reply) mutable {
                 if (reply.ok()) {
                   done(std::move(reply).value());
                   return;
                 }
                 base::log_warning("shares: " + reply.error().text());
                 retries_.emplace_back([this, again = std::move(again), done = std::move(done)] {
                   ask_forever(again, done);
                 });
                 if (!retry_.is_started()) {
                   retry_.start_after(kRetryInterval);
                 }
               });
}

void RedisShareStore::load(std::function<void(base::Result<Contents>)> done) {
  // Shared by the steps of the load, each of which gives it to the next.
  auto loading = std::make_shared<Loading>();
  loading->done = std::move(done);
  ask_forever({"INCR", kLifeKey}, [this, loading](const RedisReply& life) {
    loading->contents.life = static_cast<std::uint64_t>(life.integer);
    ask_forever({"HGETALL", kJobKey}, [this, loading](const RedisReply& reply) {
      if (reply.items.empty()) {
        load_credits(loading);
        return;
      }
      auto job = parse_job(reply);
      if (!job.ok()) {
        loading->done(job.error());
        return;
      }
      loading->contents.job = std::move(job).value();
      load_page(loading);
    });
  });
}

void RedisShareStore::load_page(std::shared_ptr<Loading> loading) {
  const JobKey key = loading->contents.job->key;
  ask_forever({"XRANGE", kSharesPrefix + base::hex_encode(key), loading->after, "+", "COUNT",
               std::to_string(kLoadPage)},
              [this, loading, key](const RedisReply& page) {
                for (const RedisReply& entry : page.items) {
                  auto share = parse_share(entry, key);
                  if (!share.ok()) {
                    loading->done(share.error());
                    return;
                  }
                  loading->contents.shares.push_back(std::move(share).value());
                  loading->after = "(" + entry.items[0].text;
                }
                if (loading->contents.shares.size() > kSharesMax) {
                  loading->done(base::Error(
                      base::Errc::LimitExceeded,
                      "redis: more than " + std::to_string(kSharesMax) + " shares in one epoch"));
                } else if (page.items.size() == kLoadPage) {
                  load_page(loading);
                } else {
                  load_credits(loading);
                }
              });
}

void RedisShareStore::load_credits(std::shared_ptr<Loading> loading) {
  ask_forever({"HGETALL", kCreditsKey}, [this, loading](const RedisReply& sums) {
    if (sums.items.size() / 2 > kWorkersMax) {
      loading->done(
          base::Error(base::Errc::LimitExceeded,
                      "redis: more than " + std::to_string(kWorkersMax) + " workers with credits"));
      return;
    }
    for (const auto& [worker, sum] : pairs_of(sums)) {
      if (!parse_number(sum, loading->contents.credits[worker].targets)) {
        loading->done(foreign("credits of " + worker + " are no number"));
        return;
      }
    }
    ask_forever({"HGETALL", kCreditedKey}, [loading](const RedisReply& counts) {
      for (const auto& [worker, count] : pairs_of(counts)) {
        if (!parse_number(count, loading->contents.credits[worker].shares)) {
          loading->done(foreign("shares of " + worker + " are no number"));
          return;
        }
      }
      loading->done(std::move(loading->contents));
    });
  });
}

void RedisShareStore::write(const char* script, std::vector<std::string> keys,
                            std::vector<std::string> arguments,
                            std::function<void(const std::string&)> done) {
  ++in_flight_;
  // Shared by the tries of this write.
  run(std::make_shared<Write>(
      Write{script, std::move(keys), std::move(arguments), std::move(done)}));
}

// Tries until it is written: a share may be in the store already, so nothing else may be said of
// it.
void RedisShareStore::run(std::shared_ptr<Write> write) {
  session_.run_script(write->script, write->keys, write->arguments, loop_.now() + kTryFor,
                      [this, write](const base::Result<RedisReply>& reply) {
                        if (reply.ok()) {
                          --in_flight_;
                          write->done(reply.value().text);
                          return;
                        }
                        if (!std::exchange(write->is_logged, true)) {
                          base::log_warning("shares: " + reply.error().text() + ", trying again");
                        }
                        retries_.emplace_back([this, write] { run(write); });
                        if (!retry_.is_started()) {
                          retry_.start_after(kRetryInterval);
                        }
                      });
}

void RedisShareStore::begin_job(const LivingJob& job, std::function<void()> done) {
  write(kBeginScript, {kJobKey, kJobsKey},
        {base::hex_encode(job.key), std::to_string(job.epoch.number), raw(job.epoch.block_hash),
         std::to_string(job.started_at.unix_ms), std::to_string(kJobsKept), kSharesPrefix,
         kNoncesPrefix, kCommitmentsPrefix},
        [done = std::move(done)](const std::string&) { done(); });
}

void RedisShareStore::append(const AcceptedShare& share, std::function<void(Appended)> done) {
  const std::string key = base::hex_encode(share.job);
  write(kAppendScript,
        {kJobKey, kNoncesPrefix + key, kCommitmentsPrefix + key, kSharesPrefix + key, kCreditsKey,
         kCreditedKey},
        {key, hex_of(share.nonce), raw(share.token), raw(share.commitment), share.worker,
         std::to_string(share.credit), std::to_string(share.target)},
        [done = std::move(done)](const std::string& word) {
          done(word == "counted"     ? Appended::Counted
               : word == "duplicate" ? Appended::Duplicate
                                     : Appended::Over);
        });
}

}  // namespace prover
