// The kernels of a batch of proofs, queued on a stream: each thread does one step of proof_steps.h
// or of gpu/msm/table_steps.h, whose layouts are meant here too. All memory is the device's.
//
// Every launch returns at once. Errors: Device if it is refused; a fault within shows up in
// Stream::wait().
#pragma once

#include "gpu/runtime/buffer.h"
#include "gpu/runtime/stream.h"
#include "prover/cuda/proof_steps.h"

namespace prover::cuda {

// Sums that the device adds up at once when it is full. Errors: Device.
base::Result<std::uint32_t> batch_that_fills(int device);

// seeds[i] is of nonce first_nonce + i.
base::Status launch_seeds(gpu::Stream& stream, const SeedPrefix& prefix, Word64 first_nonce,
                          gpu::DeviceSpan<SeedWords> seeds);
// Digits of bases first_base, ... of all sums. Requires room for them: bases * windows * sums.
base::Status launch_digits(gpu::Stream& stream, const gpu::SumShape& shape,
                           gpu::DeviceSpan<SeedWords> seeds, Word32 first_base,
                           gpu::DeviceSpan<gpu::OddDigit> digits);
base::Status launch_clear(gpu::Stream& stream, gpu::DeviceSpan<gpu::TePoint> sums);
// 7 * windows * bases products a sum; reads a table entry, 144 bytes, for each 7. `tables` begins
// with the first of the bases.
base::Status launch_accumulate(gpu::Stream& stream, const gpu::SumShape& shape,
                               gpu::DeviceSpan<gpu::OddDigit> digits,
                               gpu::DeviceSpan<gpu::TeEntry> tables,
                               gpu::DeviceSpan<gpu::TePoint> sums);

// powers[base][window].
base::Status launch_powers(gpu::Stream& stream, const gpu::WindowPlan& plan,
                           gpu::DeviceSpan<gpu::TeEntry> bases,
                           gpu::DeviceSpan<gpu::TePoint> powers);
// Tables of as many bases as `powers` has. `scratch` holds kSegmentEntries elements for each of the
// threads that are started, as many as it allows.
base::Status launch_build(gpu::Stream& stream, const gpu::WindowPlan& plan,
                          gpu::DeviceSpan<gpu::TePoint> powers,
                          gpu::DeviceSpan<gpu::TeEntry> tables, gpu::DeviceSpan<gpu::Fq> scratch);

// Require equal sizes.
base::Status launch_map_back(gpu::Stream& stream, gpu::DeviceSpan<gpu::TePoint> sums,
                             gpu::DeviceSpan<gpu::Fq> scratch,
                             gpu::DeviceSpan<gpu::G1Affine> points);
// Appends to `hits` and counts in count[0], which the caller sets to zero.
base::Status launch_check(gpu::Stream& stream, gpu::DeviceSpan<gpu::G1Affine> points, Word64 target,
                          gpu::DeviceSpan<HitRecord> hits, gpu::DeviceSpan<Word32> count);

// Twice `products` products of Fq a thread, in two independent rows, on elements of `values`, which
// it replaces: the rate of the multiplier.
base::Status launch_products(gpu::Stream& stream, gpu::DeviceSpan<gpu::Fq> values, Word32 products);

}  // namespace prover::cuda
