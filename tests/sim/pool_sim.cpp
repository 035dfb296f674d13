#include "tests/sim/pool_sim.h"

#include <algorithm>
#include <utility>

#include <gtest/gtest.h>

#include "overlay/base/bytes.h"

namespace prover {

using pool_test::job_of;
using pool_test::make_share;
using Outcome = ResultEvent::Outcome;

PoolSimulation::PoolSimulation(std::uint64_t seed) : random_(seed), provers_(kProvers) {
  start_pool();
  for (std::size_t i = 0; i < kProvers; ++i) {
    provers_[i].worker = i == 2 ? "worker0" : "worker" + std::to_string(i);  // two share a name
    provers_[i].machine =
        std::make_unique<ClientMachine>(ClientMachine::Options{.pools = {{"pool", 1}},
                                                               .worker = provers_[i].worker,
                                                               .password = "",
                                                               .user_agent = "sim"},
                                        random_, now_);
  }
}

void PoolSimulation::start_pool() {
  ++life_;
  store_ = std::make_unique<pool_test::MemoryShareStore>(disk_);
  PoolOptions options;
  options.address = job_of(1).address;
  options.target_first = 2;
  options.target_cap = 16;
  store_->load([&](base::Result<ShareStore::Contents> contents) {
    pool_ = std::make_unique<PoolMachine>(options, contents.value(), random_);
  });
  store_->run_one();
  turn_to(epoch_);
  store_->run_one();
}

// What the pool held in memory is gone; of what it was writing, some part is on the disk.
void PoolSimulation::crash_pool() {
  ++restarts_;
  store_->crash(random_.below(store_->waiting() + 1));
  verifying_.clear();
  is_turning_ = false;
  pool_.reset();
  for (std::size_t number = 1; number <= last_link_; ++number) {
    if (const auto link = links_.find(number); link != links_.end()) {
      link->second.is_pool_open = false;
      end_link(number, false, chance(50));
    }
  }
  start_pool();
}

void PoolSimulation::turn_to(std::uint32_t epoch) {
  is_turning_ = true;
  const Job job = job_of(epoch);
  store_->begin_job({key_of(job), {epoch, job.challenge.epoch_block_hash}, {}}, [this, job] {
    is_turning_ = false;
    pool_->handle_job(job);
    found_.clear();
  });
}

void PoolSimulation::serve_pool() {
  while (auto next = pool_->poll_verification()) {
    verifying_.push_back(*next);
  }
  while (const auto next = pool_->poll_append()) {
    store_->append(next->share, [this, ticket = next->ticket](Appended outcome) {
      pool_->handle_appended(ticket, outcome, now_);
    });
  }
  while (const auto session = pool_->poll_touched()) {
    const auto found = std::ranges::find_if(links_, [&](const auto& entry) {
      return entry.second.session == *session && entry.second.life == life_;
    });
    ASSERT_NE(found, links_.end());
    found->second.to_prover += pool_->take_output(*session);
    if (pool_->is_ended(*session)) {
      end_link(found->first, true, false);
    }
  }
}

void PoolSimulation::serve(Prover& prover) {
  while (const auto command = prover.machine->poll_command()) {
    if (prover.link != 0) {
      end_link(std::exchange(prover.link, 0), false, true);
    }
    if (std::holds_alternative<ClientMachine::Connect>(*command)) {
      connect(prover);
    }
  }
  const std::string output = prover.machine->take_output();
  if (prover.link != 0) {
    links_.at(prover.link).to_pool += output;
  }
  while (const auto event = prover.machine->poll_event()) {
    if (const auto* work = std::get_if<WorkEvent>(&*event)) {
      prover.work = *work;
    } else if (const auto* target = std::get_if<TargetEvent>(&*event)) {
      prover.work->target = target->target;
    } else if (const auto* result = std::get_if<ResultEvent>(&*event)) {
      prover.shares.at(result->share).results.push_back(*result);
    }
  }
}

void PoolSimulation::connect(Prover& prover) {
  const auto session = pool_->handle_connected(base::Address::v4(1), now_);
  ASSERT_TRUE(session.ok());
  prover.link = ++last_link_;
  Link& link = links_[prover.link];
  link.prover = static_cast<std::size_t>(&prover - provers_.data());
  link.session = session.value();
  link.life = life_;
  prover.machine->handle_connected(now_);
}

void PoolSimulation::end_link(std::size_t number, bool tell_pool, bool tell_prover) {
  Link& link = links_.at(number);
  link.is_cut = true;
  if (tell_pool && std::exchange(link.is_pool_open, false) && link.life == life_) {
    pool_->handle_disconnected(link.session, now_);
  }
  if (tell_prover && std::exchange(link.is_prover_open, false)) {
    Prover& prover = provers_[link.prover];
    if (prover.link == number) {
      prover.link = 0;
      prover.machine->handle_disconnected("cut", now_);
    }
  }
  if (!link.is_pool_open && !link.is_prover_open) {
    links_.erase(number);
  }
}

// Some bytes arrive, cut anywhere.
void PoolSimulation::move_bytes(Link& link, bool whole) {
  if (link.is_cut || !link.is_pool_open || !link.is_prover_open) {
    return;
  }
  const auto take = [&](std::string& text) {
    const std::size_t size = whole ? text.size() : random_.below(text.size() + 1);
    std::string taken = text.substr(0, size);
    text.erase(0, size);
    return taken;
  };
  if (pool_->wants_input(link.session)) {
    const std::string bytes = take(link.to_pool);
    pool_->handle_bytes(link.session, base::as_bytes(bytes), now_);
  }
  const std::string bytes = take(link.to_prover);
  provers_[link.prover].machine->handle_bytes(base::as_bytes(bytes), now_);
}

void PoolSimulation::submit(Prover& prover, const Share& share) {
  const auto number = prover.machine->submit(prover.work->job, share, now_);
  if (number.ok()) {
    prover.shares[number.value()] = {prover.worker, prover.work->job, share, {}};
  }
}

void PoolSimulation::find_share(Prover& prover, bool is_faulty) {
  if (!prover.work) {
    return;
  }
  const int space_bits = static_cast<int>(64 - 8 * prover.work->prefix.size_bytes);
  const std::uint64_t nonce = (prover.work->prefix.value << space_bits) + ++prover.nonces;
  Share share = make_share(nonce, prover.work->target);
  if (is_faulty && chance(50)) {
    share.proof[0] ^= 1;
  } else if (is_faulty && !found_.empty()) {
    share = found_[random_.below(found_.size())];  // its own, or another's
  } else {
    found_.push_back(share);
  }
  submit(prover, share);
}

void PoolSimulation::verify_one() {
  if (verifying_.empty()) {
    return;
  }
  std::swap(verifying_[random_.below(verifying_.size())], verifying_.back());
  const auto next = verifying_.back();
  verifying_.pop_back();
  pool_->handle_verified(next.ticket, pool_test::check_share(next.share), now_);
}

void PoolSimulation::pass(base::Duration time) {
  now_ += time;
  pool_->handle_time(now_);
  for (Prover& prover : provers_) {
    prover.machine->handle_time(now_);
  }
}

void PoolSimulation::step() {
  Prover& prover = provers_[random_.below(provers_.size())];
  const std::uint64_t dice = random_.below(1000);
  if (dice < 250) {
    find_share(prover, chance(25));
  } else if (dice < 600) {
    for (auto& [number, link] : links_) {
      move_bytes(link, false);
    }
  } else if (dice < 700) {
    verify_one();
  } else if (dice < 870) {
    if (chance(20)) {
      store_->lose_next_answer();
    }
    store_->run_one();
  } else if (dice < 960) {
    pass(std::chrono::milliseconds(random_.below(3000)));
  } else if (dice < 975 && !links_.empty()) {
    auto link = links_.begin();
    std::advance(link, static_cast<std::ptrdiff_t>(random_.below(links_.size())));
    ++cuts_;
    const std::uint64_t who = random_.below(4);
    end_link(link->first, (who & 1) != 0, (who & 2) != 0);
  } else if (dice < 978 && !is_turning_) {
    turn_to(++epoch_);
  } else if (dice < 981) {
    crash_pool();
  }
  serve_pool();
  for (Prover& each : provers_) {
    serve(each);
  }
}

void PoolSimulation::settle() {
  for (int round = 0; round < 20'000; ++round) {
    const bool is_quiet = std::ranges::all_of(
        provers_, [](const Prover& prover) { return prover.machine->unanswered() == 0; });
    if (is_quiet && store_->waiting() == 0 && pool_->ledger().on_their_way() == 0) {
      return;
    }
    for (std::size_t number = 1; number <= last_link_; ++number) {
      const auto link = links_.find(number);
      if (link == links_.end()) {
        continue;
      }
      if (link->second.is_cut || !link->second.is_pool_open || !link->second.is_prover_open) {
        end_link(number, true, true);
      } else {
        move_bytes(link->second, true);
      }
    }
    while (!verifying_.empty()) {
      verify_one();
    }
    while (store_->run_one()) {
    }
    pass(std::chrono::seconds(1));
    serve_pool();
    for (Prover& prover : provers_) {
      serve(prover);
    }
  }
  ADD_FAILURE() << "something was never answered";
}

std::size_t PoolSimulation::accepted() const {
  std::size_t count = 0;
  for (const auto& [key, shares] : disk_.jobs()) {
    count += shares.by_nonce.size();
  }
  return count;
}

// Whatever a prover was told to be accepted is on the disk, in its name.
void PoolSimulation::check_safety() const {
  for (const Prover& prover : provers_) {
    for (const auto& [number, told] : prover.shares) {
      ASSERT_LE(told.results.size(), 1U);
      if (told.results.empty()) {
        continue;
      }
      const Outcome outcome = told.results[0].outcome;
      if (outcome != Outcome::Accepted && outcome != Outcome::AcceptedEarlier) {
        continue;
      }
      const auto job = disk_.jobs().find(key_of(told.job));
      ASSERT_NE(job, disk_.jobs().end());
      const auto share = job->second.by_nonce.find(told.share.nonce);
      ASSERT_NE(share, job->second.by_nonce.end())
          << "an accepted share is lost: " << prover.worker << " " << number << " outcome "
          << static_cast<int>(outcome) << " epoch " << told.job.challenge.epoch_number;
      EXPECT_EQ(share->second.commitment, told.share.commitment);
      if (outcome == Outcome::Accepted) {
        EXPECT_EQ(share->second.worker, told.worker);
      }
    }
  }
  // Each counts once, and what the workers have is their sum.
  Credits sums;
  for (const auto& [key, shares] : disk_.jobs()) {
    EXPECT_EQ(shares.by_nonce.size(), shares.commitments.size());
    for (const auto& [nonce, share] : shares.by_nonce) {
      sums[share.worker].targets += share.credit;
      ++sums[share.worker].shares;
      EXPECT_GE(share.target, share.credit);
    }
  }
  EXPECT_EQ(sums, disk_.credits());
  std::uint64_t refused = 0;
  const auto& results = pool_->ledger().results();
  for (const auto& [code, count] : results.refused) {
    refused += count;
  }
  EXPECT_EQ(results.submitted, results.accepted + refused + pool_->ledger().on_their_way());
}

void PoolSimulation::check_agreement() const {
  EXPECT_EQ(pool_->ledger().credits(), disk_.credits());
  std::set<std::pair<JobKey, std::uint64_t>> accepted_once;
  for (const Prover& prover : provers_) {
    for (const auto& [number, told] : prover.shares) {
      ASSERT_EQ(told.results.size(), 1U) << "share " << number << " of " << prover.worker;
      if (told.results[0].outcome == Outcome::Accepted) {
        EXPECT_TRUE(accepted_once.emplace(key_of(told.job), told.share.nonce).second)
            << "one share was accepted twice";
      }
    }
  }
}

}  // namespace prover
