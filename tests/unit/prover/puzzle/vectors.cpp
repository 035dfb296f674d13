#include "tests/unit/prover/puzzle/vectors.h"

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "overlay/base/check.h"
#include "overlay/base/hex.h"
#include "prover/puzzle/little_endian.h"

namespace prover::test {
namespace {

std::filesystem::path folder() {
  const char* named = std::getenv("LINKSPAN_VECTORS");
  return named != nullptr ? named : VECTORS_FOLDER;
}

}  // namespace

bool has_vectors() {
  return std::filesystem::exists(folder() / "powers-of-beta-15.usrs");
}

std::vector<std::uint8_t> read_vector_file(std::string_view name) {
  std::ifstream file(folder() / name, std::ios::binary);
  CHECK(file.good());
  return {std::istreambuf_iterator<char>(file), {}};
}

nlohmann::json read_vectors(std::string_view name) {
  return nlohmann::json::parse(read_vector_file(name));
}

Srs published_srs(std::uint32_t degree, gpu::Membership membership) {
  PowersCheck check;
  check.membership = membership;
  auto powers =
      decode_powers(read_vector_file("powers-of-beta-15.usrs"), Srs::powers_for(degree), check);
  CHECK(powers.ok());
  return Srs(std::move(powers).value());
}

void on_two_threads(std::size_t count, const std::function<void(std::size_t)>& task) {
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < count; i = next++) {
      task(i);
    }
  };
  std::jthread other(work);
  work();
}

std::vector<std::uint8_t> bytes(const nlohmann::json& hex) {
  return base::hex_decode(hex.get<std::string>()).value();
}

Bytes32 bytes32(const nlohmann::json& hex) {
  return read_array<32>(bytes(hex), 0);
}

std::string hex(std::span<const std::uint8_t> bytes) {
  return base::hex_encode(bytes);
}

std::string hex(const Fr& value) {
  return base::hex_encode(gpu::to_bytes(value.canonical()));
}

std::string compressed_hex(const G1Affine& point) {
  return base::hex_encode(gpu::compress(point));
}

EpochChallenge challenge_of(const nlohmann::json& vectors, std::uint32_t degree) {
  return {vectors["epoch_number"].get<std::uint32_t>(), bytes32(vectors["epoch_block_hash"]),
          degree};
}

}  // namespace prover::test
