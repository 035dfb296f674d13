#include "prover/cuda/memory_plan.h"

#include <algorithm>
#include <string>

#include "prover/cuda/card_abi.h"
#include "prover/cuda/proof_steps.h"

namespace prover::cuda {
namespace {

constexpr std::uint32_t kChunk = LINKSPAN_GPU_CHUNK;
// What is left free: the driver's own needs at run time, launch queues, other processes.
constexpr std::size_t kReserveBytes = std::size_t{256} << 20;
constexpr std::size_t kReserveShare = 32;  // and one part in so many
// The narrow tables get one part in so many of what is free, but some windows always.
constexpr std::size_t kNarrowShare = 20;
constexpr std::uint32_t kBuildThreads = 256;  // a multiprocessor

}  // namespace

std::size_t MemoryPlan::digits() const {
  return std::size_t{kChunk} * std::max(narrow.windows, wide.windows) * batch;
}

std::size_t MemoryPlan::table_bytes() const {
  return narrow.size_bytes(bases) + wide.size_bytes(bases);
}

std::size_t MemoryPlan::other_bytes() const {
  const std::size_t powers = std::size_t{kChunk} * std::max(narrow.windows, wide.windows);
  const std::size_t sum =
      sizeof(SeedWords) + sizeof(gpu::TePoint) + sizeof(gpu::Fq) + sizeof(gpu::G1Affine);
  return bases * sizeof(gpu::TeEntry) + powers * sizeof(gpu::TePoint) + scratch * sizeof(gpu::Fq) +
         2 * digits() * sizeof(gpu::OddDigit) + batch * sum + kHitsMax * sizeof(HitRecord);
}

base::Result<MemoryPlan> plan_memory(std::size_t free_bytes, const MemoryWanted& wanted,
                                     std::uint32_t multiprocessors) {
  const std::uint32_t bases = wanted.bases;
  const std::uint32_t windows = wanted.windows;
  const std::size_t reserve = kReserveBytes + free_bytes / kReserveShare;
  const std::size_t usable = free_bytes > reserve ? free_bytes - reserve : 0;
  MemoryPlan plan{.narrow = gpu::widest_plan(bases, usable / kNarrowShare),
                  .wide = {},
                  .batch = wanted.batch,
                  .bases = bases,
                  .scratch = std::size_t{multiprocessors} * kBuildThreads * gpu::kSegmentEntries};
  plan.narrow.windows = std::min(plan.narrow.windows, gpu::WindowPlan::kWindowsMax);
  plan.wide.windows = plan.narrow.windows;
  const std::size_t before = plan.other_bytes() + plan.narrow.size_bytes(bases);
  const std::size_t left = usable > before ? usable - before : 0;
  const gpu::WindowPlan fitting = gpu::widest_plan(bases, left);
  if (windows != 0 && windows >= fitting.windows && windows <= gpu::WindowPlan::kWindowsMax) {
    plan.wide.windows = windows;
    plan.narrow.windows = std::max(plan.narrow.windows, windows);
  } else if (windows == 0 && fitting.windows <= gpu::WindowPlan::kWindowsMax) {
    plan.wide = fitting;
  } else {
    const gpu::WindowPlan least{windows != 0 ? windows : gpu::WindowPlan::kWindowsMax};
    return base::Error(base::Errc::LimitExceeded,
                       "memory: tables of " + std::to_string(least.windows) + " windows need " +
                           std::to_string(before + least.size_bytes(bases) + reserve) + " bytes, " +
                           std::to_string(free_bytes) + " are free");
  }
  return plan;
}

}  // namespace prover::cuda
