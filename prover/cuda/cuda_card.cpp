#include "prover/cuda/cuda_card.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include <cuda_runtime_api.h>

#include "gpu/runtime/cuda_error.h"

namespace prover::cuda {
namespace {

constexpr std::uint32_t kChunk = LINKSPAN_GPU_CHUNK;
// A rate is measured over rounds of about this long, so that the time is kept within some of it.
constexpr Word32 kProductsPerRound = 2000;

// Into `out` what `made` holds.
template <typename T>
base::Status take(T& out, base::Result<T> made) {
  if (!made.ok()) {
    return made.error();
  }
  out = std::move(made).value();
  return {};
}

// The first of several steps that fails ends them.
template <typename... Steps>
base::Status in_order(const Steps&... steps) {
  base::Status status;
  static_cast<void>(((status = steps(), status.ok()) && ...));
  return status;
}

}  // namespace

base::Result<std::unique_ptr<CudaCard>> CudaCard::open(int device,
                                                       const linkspan_gpu_options& options) {
  std::unique_ptr<CudaCard> card(new CudaCard(device));
  cudaDeviceProp properties{};
  if (auto status = in_order([&] { return gpu::use_device(device); },
                             [&] {
                               return gpu::device_status(
                                   "cudaGetDeviceProperties",
                                   cudaGetDeviceProperties(&properties, device));
                             },
                             [&] { return card->take_streams(); });
      !status.ok()) {
    return status.error();
  }
  std::uint32_t batch = options.batch;
  if (batch == 0) {
    auto filling = batch_that_fills(device);
    if (!filling.ok()) {
      return filling.error();
    }
    batch = filling.value();
  }
  std::size_t free_bytes = 0;
  std::size_t total_bytes = 0;
  if (auto status = gpu::device_status("cudaMemGetInfo", cudaMemGetInfo(&free_bytes, &total_bytes));
      !status.ok()) {
    return status.error();
  }
  const auto multiprocessors = static_cast<std::uint32_t>(properties.multiProcessorCount);
  const auto plan = plan_memory(
      free_bytes, {.bases = options.degree_max + 1, .batch = batch, .windows = options.windows},
      multiprocessors);
  if (!plan.ok()) {
    return plan.error();
  }
  if (auto status =
          in_order([&] { return card->take_memory(plan.value()); },
                   [&] { return card->take_wide_tables(/*is_width_asked=*/options.windows != 0); });
      !status.ok()) {
    return status.error();
  }
  linkspan_gpu_facts& facts = card->facts_;
  std::string_view(properties.name).copy(facts.name, sizeof(facts.name) - 1);
  std::memcpy(facts.uuid, properties.uuid.bytes, sizeof(facts.uuid));
  facts.memory_bytes = total_bytes;
  facts.table_bytes = card->plan_.table_bytes();
  facts.batch = batch;
  facts.wide_windows = card->plan_.wide.windows;
  facts.narrow_windows = card->plan_.narrow.windows;
  facts.multiprocessors = multiprocessors;
  facts.capability = static_cast<std::uint32_t>(10 * properties.major + properties.minor);
  return card;
}

CudaCard::~CudaCard() {
  cudaSetDevice(device_);
  cudaDeviceSynchronize();  // nothing may still use what the owners free now
}

base::Status CudaCard::take_streams() {
  return in_order([&] { return take(hash_, gpu::Stream::make(gpu::Stream::Priority::High)); },
                  [&] { return take(multiply_, gpu::Stream::make(gpu::Stream::Priority::Normal)); },
                  [&] { return take(build_, gpu::Stream::make(gpu::Stream::Priority::Low)); },
                  [&] { return take(digits_ready_[0], gpu::Event::make()); },
                  [&] { return take(digits_ready_[1], gpu::Event::make()); },
                  [&] { return take(digits_free_[0], gpu::Event::make()); },
                  [&] { return take(digits_free_[1], gpu::Event::make()); },
                  [&] { return take(built_, gpu::Event::make()); },
                  [&] { return take(summed_, gpu::Event::make()); });
}

base::Status CudaCard::take_memory(const MemoryPlan& plan) {
  plan_ = plan;
  const std::size_t windows = std::max(plan.narrow.windows, plan.wide.windows);
  return in_order(
      [&] { return take(bases_, gpu::DeviceBuffer<gpu::TeEntry>::make(plan.bases)); },
      [&] { return take(powers_, gpu::DeviceBuffer<gpu::TePoint>::make(kChunk * windows)); },
      [&] { return take(build_scratch_, gpu::DeviceBuffer<gpu::Fq>::make(plan.scratch)); },
      [&] { return take(seeds_, gpu::DeviceBuffer<SeedWords>::make(plan.batch)); },
      [&] { return take(digits_[0], gpu::DeviceBuffer<gpu::OddDigit>::make(plan.digits())); },
      [&] { return take(digits_[1], gpu::DeviceBuffer<gpu::OddDigit>::make(plan.digits())); },
      [&] { return take(sums_, gpu::DeviceBuffer<gpu::TePoint>::make(plan.batch)); },
      [&] { return take(map_scratch_, gpu::DeviceBuffer<gpu::Fq>::make(plan.batch)); },
      [&] { return take(points_, gpu::DeviceBuffer<gpu::G1Affine>::make(plan.batch)); },
      [&] { return take(hits_, gpu::DeviceBuffer<HitRecord>::make(kHitsMax)); },
      [&] { return take(hit_count_, gpu::DeviceBuffer<Word32>::make(1)); },
      [&] { return take(host_hits_, gpu::PinnedBuffer<HitRecord>::make(kHitsMax)); },
      [&] { return take(host_count_, gpu::PinnedBuffer<Word32>::make(1)); },
      [&] {
        return take(narrow_,
                    gpu::DeviceBuffer<gpu::TeEntry>::make(plan.bases * plan.narrow.entries()));
      });
}

// What is free and what can be had in one piece are not the same: where the plan's tables are not
// to be had, a window more needs less. The other buffers are for the narrow tables' windows, which
// are more.
base::Status CudaCard::take_wide_tables(bool is_width_asked) {
  while (true) {
    auto status =
        take(wide_, gpu::DeviceBuffer<gpu::TeEntry>::make(plan_.bases * plan_.wide.entries()));
    const bool is_short = !status.ok() && status.error().code() == base::Errc::LimitExceeded;
    if (!is_short || is_width_asked || plan_.wide.windows >= plan_.narrow.windows) {
      return status;
    }
    ++plan_.wide.windows;
  }
}

base::Result<gpu::Event> CudaCard::event() {
  if (unused_.empty()) {
    return gpu::Event::make();
  }
  gpu::Event out = std::move(unused_.back());
  unused_.pop_back();
  return out;
}

base::Status CudaCard::mark_queued(const gpu::Stream& stream) {
  gpu::Event mark;
  if (auto status =
          in_order([&] { return take(mark, event()); }, [&] { return mark.record(stream); });
      !status.ok()) {
    return status;
  }
  queued_.push_back(std::move(mark));
  return {};
}

base::Status CudaCard::wait(std::uint32_t queued) {
  while (queued_.size() > queued) {
    if (auto status = queued_.front().wait(); !status.ok()) {
      return status;
    }
    unused_.push_back(std::move(queued_.front()));
    queued_.pop_front();
  }
  return {};
}

base::Status CudaCard::set_bases(const gpu::TeEntry* entries, std::uint32_t count) {
  if (count == 0 || count > plan_.bases) {
    return base::Error(
        base::Errc::LimitExceeded,
        "bases: " + std::to_string(count) + ", expected 1 to " + std::to_string(plan_.bases));
  }
  bases_count_ = count;
  return in_order(
      [&] { return wait(0); }, [&] { return hash_.wait(); }, [&] { return multiply_.wait(); },
      [&] { return gpu::upload(build_, bases_.span().part(0, count), std::span(entries, count)); },
      [&] { return build_.wait(); });
}

base::Status CudaCard::build_tables(bool is_wide, std::uint32_t first, std::uint32_t count) {
  CHECK(count >= 1 && count <= kChunk && first <= bases_count_ && count <= bases_count_ - first);
  const gpu::WindowPlan& plan = is_wide ? plan_.wide : plan_.narrow;
  const auto powers = powers_.span().part(0, std::size_t{count} * plan.windows);
  const auto tables =
      (is_wide ? wide_ : narrow_).span().part(first * plan.entries(), count * plan.entries());
  return in_order(
      [&] { return launch_powers(build_, plan, bases_.span().part(first, count), powers); },
      [&] { return launch_build(build_, plan, powers, tables, build_scratch_.span()); },
      [&] { return built_.record(build_); }, [&] { return mark_queued(build_); });
}

base::Status CudaCard::begin_batch(bool is_wide, const SeedPrefix& prefix,
                                   std::uint64_t first_nonce) {
  is_wide_ = is_wide;
  buffer_ = 0;
  // Digits of an abandoned batch may still be read, and its seeds: both streams come after.
  return in_order([&] { return summed_.record(multiply_); },
                  [&] { return hash_.wait_for(summed_); },
                  [&] { return multiply_.wait_for(built_); },
                  [&] { return launch_seeds(hash_, prefix, first_nonce, seeds_.span()); },
                  [&] { return launch_clear(multiply_, sums_.span()); });
}

base::Status CudaCard::add_bases(std::uint32_t first, std::uint32_t count) {
  CHECK(count >= 1 && count <= kChunk && first <= bases_count_ && count <= bases_count_ - first);
  const gpu::WindowPlan& plan = is_wide_ ? plan_.wide : plan_.narrow;
  const gpu::SumShape shape{.plan = plan, .sums = plan_.batch, .bases = count};
  const std::size_t buffer = std::exchange(buffer_, (buffer_ + 1) % kBuffers);
  const auto digits = digits_[buffer].span();
  const auto tables =
      (is_wide_ ? wide_ : narrow_).span().part(first * plan.entries(), count * plan.entries());
  return in_order([&] { return hash_.wait_for(digits_free_[buffer]); },
                  [&] { return launch_digits(hash_, shape, seeds_.span(), first, digits); },
                  [&] { return digits_ready_[buffer].record(hash_); },
                  [&] { return multiply_.wait_for(digits_ready_[buffer]); },
                  [&] { return launch_accumulate(multiply_, shape, digits, tables, sums_.span()); },
                  [&] { return digits_free_[buffer].record(multiply_); },
                  [&] { return mark_queued(multiply_); });
}

base::Status CudaCard::finish_batch(std::uint64_t target, linkspan_gpu_hit* hits,
                                    std::uint32_t& found) {
  host_count_.span()[0] = 0;
  if (auto status = in_order(
          [&] {
            return gpu::upload(multiply_, hit_count_.span(),
                               std::span<const Word32>(host_count_.span()));
          },
          [&] {
            return launch_map_back(multiply_, sums_.span(), map_scratch_.span(), points_.span());
          },
          [&] {
            return launch_check(multiply_, points_.span(), target, hits_.span(), hit_count_.span());
          },
          [&] { return gpu::download(multiply_, host_count_.span(), hit_count_.span()); },
          [&] { return multiply_.wait(); });
      !status.ok()) {
    return status;
  }
  found = host_count_.span()[0];
  const std::size_t count = std::min<std::size_t>(found, kHitsMax);
  if (count == 0) {
    return {};
  }
  if (auto status = in_order(
          [&] {
            return gpu::download(multiply_, host_hits_.span().first(count),
                                 hits_.span().part(0, count));
          },
          [&] { return multiply_.wait(); });
      !status.ok()) {
    return status;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const HitRecord& record = host_hits_.span()[i];
    hits[i].index = record.index;
    hits[i].target = record.target;
    std::copy_n(record.commitment.x.montgomery().at, 6, hits[i].x);
    std::copy_n(record.commitment.y.montgomery().at, 6, hits[i].y);
  }
  return {};
}

template <typename Queue>
base::Result<double> CudaCard::rate(double seconds, double each, const Queue& queue) {
  gpu::Event from;
  gpu::Event until;
  if (auto status =
          in_order([&] { return take(from, gpu::Event::make()); },
                   [&] { return take(until, gpu::Event::make()); }, [&] { return queue(); },
                   [&] { return multiply_.wait(); }, [&] { return from.record(multiply_); });
      !status.ok()) {
    return status.error();
  }
  double done = 0;
  double passed_s = 0;
  while (passed_s < seconds) {
    if (auto status = in_order([&] { return queue(); }, [&] { return until.record(multiply_); },
                               [&] { return until.wait(); });
        !status.ok()) {
      return status.error();
    }
    done += each;
    const auto passed = gpu::milliseconds_between(from, until);
    if (!passed.ok()) {
      return passed.error();
    }
    passed_s = static_cast<double>(passed.value()) / 1e3;
  }
  return done / passed_s;
}

base::Result<double> CudaCard::measure_products(double seconds) {
  // Its elements are the sums' mapping scratch, whatever they hold: limbs below 2^384 stay so.
  const std::size_t count = plan_.batch & ~std::size_t{1};
  const auto values = map_scratch_.span().part(0, count);
  return rate(seconds, static_cast<double>(count) * kProductsPerRound,
              [&] { return launch_products(multiply_, values, kProductsPerRound); });
}

base::Result<double> CudaCard::measure_additions(double seconds) {
  const std::uint32_t count = std::min(kChunk, bases_count_);
  if (count == 0) {
    return base::Error(base::Errc::Unavailable, "additions: no bases are set");
  }
  const gpu::SumShape shape{.plan = plan_.wide, .sums = plan_.batch, .bases = count};
  if (auto status = in_order([&] { return build_tables(/*is_wide=*/true, 0, count); },
                             [&] { return begin_batch(/*is_wide=*/true, SeedPrefix(), 0); },
                             [&] { return add_bases(0, count); }, [&] { return multiply_.wait(); });
      !status.ok()) {
    return status.error();
  }
  const double each = static_cast<double>(plan_.batch) * count * plan_.wide.windows;
  return rate(seconds, each, [&] {
    return launch_accumulate(multiply_, shape, digits_[0].span(),
                             wide_.span().part(0, count * plan_.wide.entries()), sums_.span());
  });
}

}  // namespace prover::cuda
