// The two ways to check a share; each gives what PoolServer::Options::make_verifier asks for.
#pragma once

#include <memory>

#include "gpu/curve/g2.h"
#include "prover/pool/share_verifier.h"
#include "prover/puzzle/srs.h"

namespace prover {

// By the pairing: one polynomial hashed a job, no string of powers, some milliseconds a share.
MakeShareVerifier verify_by_pairing(const gpu::G2Affine& beta_h);

// By computing commitment and proof again: the epoch's bases are made for each job, seconds for
// degree 8191 on `parallel_for`, which runs on a work thread. Requires a string that was prepared
// for the jobs' degree. Shared with the verifiers of the jobs that live.
MakeShareVerifier verify_by_recomputation(std::shared_ptr<const Srs> srs,
                                          gpu::ParallelFor parallel_for);

}  // namespace prover
