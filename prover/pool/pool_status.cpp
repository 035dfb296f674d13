#include "prover/pool/pool_status.h"

#include <array>
#include <utility>

#include <nlohmann/json.hpp>

#include "overlay/base/hex.h"

namespace prover {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::pair<StratumCode, const char*>, 6> kResults = {
    {{StratumCode::Other, "other"},
     {StratumCode::Stale, "stale"},
     {StratumCode::Duplicate, "duplicate"},
     {StratumCode::LowDifficulty, "low_difficulty"},
     {StratumCode::Unauthorized, "unauthorized"},
     {StratumCode::NotSubscribed, "not_subscribed"}}};

std::uint64_t refused(const ShareLedger::Results& results, StratumCode code) {
  const auto found = results.refused.find(code);
  return found == results.refused.end() ? 0 : found->second;
}

Credit total_of(const Credits& credits) {
  Credit total;
  for (const auto& [worker, credit] : credits) {
    total.targets += credit.targets;
    total.shares += credit.shares;
  }
  return total;
}

Json credit_json(const Credit& credit) {
  return {{"targets", credit.targets}, {"shares", credit.shares}};
}

}  // namespace

std::string status_json(const PoolMachine& pool) {
  const ShareLedger& ledger = pool.ledger();
  const auto& results = ledger.results();
  Json job;
  if (ledger.job()) {
    const EpochChallenge& challenge = ledger.job()->challenge;
    job = {{"epoch", challenge.epoch_number},
           {"block_hash", base::hex_encode(challenge.epoch_block_hash)},
           {"degree", challenge.degree},
           {"address", format_address(ledger.job()->address)},
           {"shares", ledger.seen()}};
  }
  Json by_code = Json::object();
  for (const auto& [code, name] : kResults) {
    by_code[name] = refused(results, code);
  }
  Json workers = Json::object();
  for (const auto& [worker, credit] : ledger.credits()) {
    workers[worker] = credit_json(credit);
  }
  return Json{{"job", std::move(job)},
              {"target_cap", pool.options().target_cap},
              {"sessions", pool.authorized_sessions()},
              {"shares",
               {{"submitted", results.submitted},
                {"accepted", results.accepted},
                {"on_their_way", ledger.on_their_way()},
                {"refused", std::move(by_code)}}},
              {"credits", credit_json(total_of(ledger.credits()))},
              {"workers", std::move(workers)}}
      .dump();
}

void gather(const PoolMachine& pool, base::Metrics& metrics) {
  const ShareLedger& ledger = pool.ledger();
  const auto& results = ledger.results();
  const auto set = [&](std::string_view name, std::string_view help, auto value,
                       const base::Labels& labels = {}) {
    metrics.gauge(name, help, labels).set(static_cast<double>(value));
  };
  set("linkspan_pool_epoch", "Epoch that is worked on",
      ledger.job() ? ledger.job()->challenge.epoch_number : 0);
  set("linkspan_pool_epoch_shares", "Shares counted in this epoch", ledger.seen());
  set("linkspan_pool_sessions", "Provers authorized", pool.authorized_sessions());
  set("linkspan_pool_connections", "Connections", pool.sessions());
  set("linkspan_pool_connections_refused_count", "Connections over a limit",
      pool.connections_refused());
  set("linkspan_pool_shares_submitted_count", "Shares that came", results.submitted);
  set("linkspan_pool_shares_on_their_way", "Shares being verified or stored",
      ledger.on_their_way());
  set("linkspan_pool_shares_count", "Shares answered, by result", results.accepted,
      {{"result", "accepted"}});
  for (const auto& [code, name] : kResults) {
    set("linkspan_pool_shares_count", "Shares answered, by result", refused(results, code),
        {{"result", name}});
  }
  const Credit total = total_of(ledger.credits());
  set("linkspan_pool_credited_targets", "Sum of all credits", total.targets);
  set("linkspan_pool_credited_shares", "Shares credited, ever", total.shares);
  for (const auto& [worker, credit] : ledger.credits()) {
    set("linkspan_pool_worker_targets", "Sum of a worker's credits", credit.targets,
        {{"worker", worker}});
  }
}

}  // namespace prover
