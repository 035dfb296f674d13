// Jobs, shares and a verifier for tests of the pool: nothing of the puzzle but the target's hash.
#pragma once

#include <cstdint>
#include <string>

#include "overlay/base/random.h"
#include "prover/pool/pool_machine.h"
#include "prover/pool/share_verifier.h"

namespace prover::pool_test {

inline Bytes32 address_of(std::uint8_t seed) {
  Bytes32 address{};
  address.fill(seed);
  address.back() = 0;  // below r
  return address;
}

inline Job job_of(std::uint32_t epoch) {
  Job job;
  job.challenge.epoch_number = epoch;
  job.challenge.degree = 31;
  job.challenge.epoch_block_hash = address_of(static_cast<std::uint8_t>(epoch));
  job.address = address_of(7);
  return job;
}

// A share whose commitment reaches `target_min`; another for each nonce and salt.
inline Share make_share(std::uint64_t nonce, std::uint64_t target_min = 1, std::uint8_t salt = 0) {
  Share share;
  share.nonce = nonce;
  base::SeededRandom random(nonce * 0xd1342543de82ef95 + salt);  // another for each
  do {
    random.fill(share.commitment);
  } while (commitment_target(share.commitment) < target_min);
  share.proof[0] = share.commitment[0];
  return share;
}

// One whose commitment reaches less than `target`.
inline Share make_low_share(std::uint64_t nonce, std::uint64_t target) {
  Share share = make_share(nonce);
  for (std::uint8_t salt = 1; commitment_target(share.commitment) >= target; ++salt) {
    share = make_share(nonce, 1, salt);
  }
  return share;
}

// Takes shares as make_share() makes them.
inline base::Status check_share(const Share& share) {
  if (share.proof[0] != share.commitment[0] || share.proof.back() != 0) {
    return base::Error(base::Errc::Malformed, "the proof proves something else");
  }
  return {};
}

class FakeVerifier : public ShareVerifier {
 public:
  base::Status verify(const Share& share) const override { return check_share(share); }
};

inline std::string submit_line(std::int64_t id, const Share& share, std::uint32_t epoch,
                               const std::string& worker = "w") {
  return encode(SubmitRequest{id, worker, job_id_of(epoch), share});
}

}  // namespace prover::pool_test
