// Many solutions of an epoch under one proof, in a file: `linkspan-prover prove --coinbase` prints
// it and `verify` reads it. It is what the reference writes, with the epoch that it is of and what
// is asked of it beside:
//
//   {"epoch_number":0,"epoch_block_hash":"ab1..." or hexadecimal,"degree":8191,
//    "proof_target":8,"coinbase_target":1023,
//    "partial_solutions":[{"address":"aleo1...","nonce":1,"commitment":"puzzle1..."},...],
//    "proof.w":{"x":"decimal","y":"decimal","infinity":false}}
//
// The degree is 8191 where it is not given; a target that is not given is not asked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "overlay/base/result.h"
#include "prover/proof_input.h"
#include "prover/prove.h"
#include "prover/puzzle/verify.h"

namespace prover {

struct CoinbaseClaim {
  EpochChallenge challenge;
  CoinbaseTargets targets;
  CoinbaseSolution solution;
};

// Whether a file holds a coinbase, right or wrong: an object with `partial_solutions`.
bool is_coinbase_file(std::string_view text);

// What is known beside a file, such as by flags: it wins over the file's, which may then lack it.
struct CoinbaseContext {
  std::optional<std::uint32_t> epoch_number{};
  std::optional<Bytes32> epoch_block_hash{};
  std::optional<std::uint64_t> proof_target{};
  std::optional<std::uint64_t> coinbase_target{};
};

// Errors: Malformed or LimitExceeded, naming the field.
base::Result<CoinbaseClaim> parse_coinbase_file(std::string_view text,
                                                const CoinbaseContext& context = {});

// By pairing where the reference string came with beta H, else by computing every commitment and
// the proof again. Errors: Unauthenticated where it does not hold, with what is wrong.
base::Status verify_coinbase(const ReferenceString& reference, const CoinbaseClaim& claim);

// Such a file of `count` nonces from options.nonce on (after the largest comes 0), without targets.
// Requires 1..kCoinbaseJsonSolutionsMax. By the coefficients: a sum of as many points as the domain
// has for each, and one more.
std::string coinbase_json(const Srs& srs, const ProveOptions& options, std::size_t count);

}  // namespace prover
