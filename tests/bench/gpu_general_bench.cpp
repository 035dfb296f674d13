// Sums and transforms of any size on the first device: one line of JSON for each, best of some
// rounds. Every result is checked.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "gpu/device/device_msm.h"
#include "gpu/device/device_ntt.h"
#include "gpu/msm/msm.h"
#include "gpu/ntt/ntt.h"
#include "overlay/base/random.h"

namespace {

using namespace gpu;

constexpr int kRounds = 5;
constexpr std::size_t kPoints = 64;  // repeated: what differs is their scalars

// Ends the program with what went wrong.
template <typename T>
T value(base::Result<T> result) {
  if (!result.ok()) {
    std::fprintf(stderr, "gpu_general_bench: %s\n", result.error().text().c_str());
    std::exit(1);
  }
  return std::move(result).value();
}
void expect(const base::Status& status) {
  if (!status.ok()) {
    std::fprintf(stderr, "gpu_general_bench: %s\n", status.error().text().c_str());
    std::exit(1);
  }
}
void expect(bool is_right, const char* what) {
  if (!is_right) {
    std::fprintf(stderr, "gpu_general_bench: %s: wrong\n", what);
    std::exit(1);
  }
}

template <typename Call>
double best_ms(const Call& call) {
  double best = 1e30;
  for (int i = 0; i < kRounds; ++i) {
    const auto began = std::chrono::steady_clock::now();
    call();
    const std::chrono::duration<double, std::milli> passed =
        std::chrono::steady_clock::now() - began;
    best = std::min(best, passed.count());
  }
  return best;
}

std::vector<Fr> random_scalars(base::RandomSource& random, std::size_t count) {
  std::vector<Fr> out;
  Fr at = Fr::from_canonical(Fr::reduce_wide(
      [&] {
        std::array<std::uint8_t, 32> bytes{};
        random.fill(bytes);
        return from_bytes<4>(bytes.data());
      }(),
      {}));
  const Fr step = at.squared();
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back(at);
    at *= step;
  }
  return out;
}

template <typename T>
DeviceBuffer<T> on_device(Stream& stream, const std::vector<T>& values) {
  auto buffer = value(DeviceBuffer<T>::make(values.size()));
  expect(upload(stream, buffer.span(), std::span<const T>(values)));
  expect(stream.wait());
  return buffer;
}

void bench_msm(Stream& stream, unsigned log_size) {
  base::SeededRandom random(log_size);
  const std::uint32_t count = 1U << log_size;
  const std::vector<Fr> scalars = random_scalars(random, count);
  std::vector<G1Affine> some;
  G1 point(g1_generator());
  for (std::size_t i = 0; i < kPoints; ++i) {
    some.push_back(point.affine());
    point = point.doubled();
  }
  const auto entries = to_te_entries(some);
  std::vector<TeEntry> points;
  std::vector<Limbs<4>> canonical;
  std::vector<Fr> sums(kPoints);
  for (std::uint32_t i = 0; i < count; ++i) {
    points.push_back(entries[i % kPoints]);
    canonical.push_back(scalars[i].canonical());
    sums[i % kPoints] += scalars[i];
  }
  const auto device_points = on_device(stream, points);
  const auto device_scalars = on_device(stream, canonical);
  auto sum = value(DeviceMsm::make(count));
  TePoint result;
  const double ms = best_ms(
      [&] { result = value(sum.sum(stream, device_points.span(), device_scalars.span())); });
  expect(to_affine(std::span(&result, 1)).front() == msm(some, sums).affine(), "msm");
  std::printf("{\"what\":\"msm\",\"log_size\":%u,\"ms\":%.3f}\n", log_size, ms);
}

void bench_ntt(Stream& stream, unsigned log_size) {
  base::SeededRandom random(log_size);
  const NttDomain domain(log_size);
  std::vector<Fr> values = random_scalars(random, domain.size());
  const auto in = on_device(stream, values);
  const auto roots =
      on_device(stream, std::vector<Fr>(domain.half_roots().begin(), domain.half_roots().end()));
  auto out = value(DeviceBuffer<Fr>::make(domain.size()));
  const double ms = best_ms([&] {
    expect(ntt_forward(stream, log_size, in.span(), roots.span(), out.span()));
    expect(stream.wait());
  });
  std::vector<Fr> result(domain.size());
  expect(download(stream, std::span<Fr>(result), out.span()));
  expect(stream.wait());
  ntt_forward(domain, values);
  expect(result == values, "ntt");
  std::printf("{\"what\":\"ntt\",\"log_size\":%u,\"ms\":%.3f}\n", log_size, ms);
}

}  // namespace

int main() {
  expect(use_device(0));
  Stream stream = value(Stream::make(Stream::Priority::Normal));
  for (const unsigned log_size : {13U, 14U, 18U, 22U}) {
    bench_msm(stream, log_size);
  }
  for (const unsigned log_size : {14U, 20U}) {
    bench_ntt(stream, log_size);
  }
  return 0;
}
