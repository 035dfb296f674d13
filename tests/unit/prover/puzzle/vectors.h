// The reference's vectors for tests: files that stand beside the repository, or not.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "gpu/ntt/ntt.h"
#include "prover/puzzle/commit.h"

namespace prover::test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kIsSanitized = true;
#else
inline constexpr bool kIsSanitized = false;
#endif
// Sanitizers make arithmetic five to ten times slower: fewer nonces are tried under them.
inline constexpr std::size_t kNoncesMax = kIsSanitized ? 4 : 64;

bool has_vectors();
// Requires has_vectors().
std::vector<std::uint8_t> read_vector_file(std::string_view name);
nlohmann::json read_vectors(std::string_view name);

// The published reference string with powers for the degree.
Srs published_srs(std::uint32_t degree, gpu::Membership membership);

// Two threads: what takes longest here is transforms of points.
void on_two_threads(std::size_t count, const std::function<void(std::size_t)>& task);

Bytes32 bytes32(const nlohmann::json& hex);
std::vector<std::uint8_t> bytes(const nlohmann::json& hex);
std::string hex(std::span<const std::uint8_t> bytes);
std::string hex(const Fr& value);
std::string compressed_hex(const G1Affine& point);
EpochChallenge challenge_of(const nlohmann::json& vectors, std::uint32_t degree);

}  // namespace prover::test

#define SKIP_WITHOUT_VECTORS()                                           \
  if (!::prover::test::has_vectors()) {                                  \
    GTEST_SKIP() << "no vectors at LINKSPAN_VECTORS or " VECTORS_FOLDER; \
  }                                                                      \
  static_assert(true)
