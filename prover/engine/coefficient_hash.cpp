#include "prover/engine/coefficient_hash.h"

#include <vector>

namespace prover {
namespace {

std::vector<detail::HashBlocks> find_supported() {
  std::vector<detail::HashBlocks> out;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") != 0) {
    out.push_back(detail::hash_blocks_avx512);
  }
  if (__builtin_cpu_supports("avx2") != 0) {
    out.push_back(detail::hash_blocks_avx2);
  }
#endif
  out.push_back(detail::hash_blocks_portable);
  return out;
}

}  // namespace

std::span<const detail::HashBlocks> detail::supported_hash_blocks() {
  static const std::vector<HashBlocks> supported = find_supported();
  return supported;
}

void hash_coefficients(std::span<const Seed, kSeedLanes> seeds, std::uint32_t index,
                       std::span<gpu::Limbs<4>, kSeedLanes> out) {
  std::uint64_t message[5][kSeedLanes];
  std::uint64_t digest[8][kSeedLanes];
  for (std::size_t lane = 0; lane < kSeedLanes; ++lane) {
    const auto words = gpu::from_bytes<4>(seeds[lane].data());
    for (std::size_t word = 0; word < 4; ++word) {
      message[word][lane] = words.at[word];
    }
    message[4][lane] = index;
  }
  detail::supported_hash_blocks().front()(message, digest);
  for (std::size_t lane = 0; lane < kSeedLanes; ++lane) {
    gpu::Limbs<4> low;
    gpu::Limbs<4> high;
    for (std::size_t word = 0; word < 4; ++word) {
      low.at[word] = digest[word][lane];
      high.at[word] = digest[word + 4][lane];
    }
    const gpu::Limbs<4> number = gpu::Fr::reduce_wide(low, high);
    out[lane] = number;
  }
}

}  // namespace prover
