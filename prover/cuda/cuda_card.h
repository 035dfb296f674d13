// A device's memory, streams and tables, behind the functions of card_abi.h.
//
//   hash stream      seeds, digits of chunk k + 1 ...           two buffers of digits between them
//   multiply stream  ... while the sums of chunk k are made; mapping back, checking
//   build stream     tables, with what the others leave of the device
//
// Memory is taken once, when the card is opened: tables of both widths for the largest degree, the
// wide ones' from what is free after all else. A MIG instance, or a device that others use too,
// simply has less that is free.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "gpu/runtime/buffer.h"
#include "gpu/runtime/stream.h"
#include "overlay/base/result.h"
#include "prover/cuda/card_abi.h"
#include "prover/cuda/kernels.h"
#include "prover/cuda/memory_plan.h"

namespace prover::cuda {

class CudaCard {
 public:
  // Errors: Unavailable, LimitExceeded, Device.
  static base::Result<std::unique_ptr<CudaCard>> open(int device,
                                                      const linkspan_gpu_options& options);
  ~CudaCard();
  CudaCard(const CudaCard&) = delete;
  CudaCard& operator=(const CudaCard&) = delete;

  const linkspan_gpu_facts& facts() const { return facts_; }

  base::Status set_bases(const gpu::TeEntry* entries, std::uint32_t count);
  base::Status build_tables(bool is_wide, std::uint32_t first, std::uint32_t count);
  base::Status begin_batch(bool is_wide, const SeedPrefix& prefix, std::uint64_t first_nonce);
  base::Status add_bases(std::uint32_t first, std::uint32_t count);
  base::Status wait(std::uint32_t queued);
  base::Status finish_batch(std::uint64_t target, linkspan_gpu_hit* hits, std::uint32_t& found);
  base::Result<double> measure_products(double seconds);
  base::Result<double> measure_additions(double seconds);

 private:
  static constexpr std::size_t kBuffers = 2;

  explicit CudaCard(int device) : device_(device) {}
  base::Status take_streams();
  base::Status take_memory(const MemoryPlan& plan);  // all but the wide tables
  base::Status take_wide_tables(bool is_width_asked);
  base::Result<gpu::Event> event();
  base::Status mark_queued(const gpu::Stream& stream);
  // How often a second what `queue` queues is done `each` times, for about so long.
  template <typename Queue>
  base::Result<double> rate(double seconds, double each, const Queue& queue);

  const int device_;
  linkspan_gpu_facts facts_{};
  MemoryPlan plan_;
  gpu::Stream hash_;
  gpu::Stream multiply_;
  gpu::Stream build_;
  std::array<gpu::Event, kBuffers> digits_ready_;
  std::array<gpu::Event, kBuffers> digits_free_;
  gpu::Event built_;
  gpu::Event summed_;               // the batch's sums are of no further use
  std::vector<gpu::Event> unused_;  // events
  std::deque<gpu::Event> queued_;   // one for each unfinished call, oldest first

  gpu::DeviceBuffer<gpu::TeEntry> bases_;
  gpu::DeviceBuffer<gpu::TeEntry> narrow_;
  gpu::DeviceBuffer<gpu::TeEntry> wide_;
  gpu::DeviceBuffer<gpu::TePoint> powers_;
  gpu::DeviceBuffer<gpu::Fq> build_scratch_;
  gpu::DeviceBuffer<SeedWords> seeds_;
  std::array<gpu::DeviceBuffer<gpu::OddDigit>, kBuffers> digits_;
  gpu::DeviceBuffer<gpu::TePoint> sums_;
  gpu::DeviceBuffer<gpu::Fq> map_scratch_;
  gpu::DeviceBuffer<gpu::G1Affine> points_;
  gpu::DeviceBuffer<HitRecord> hits_;
  gpu::DeviceBuffer<Word32> hit_count_;
  gpu::PinnedBuffer<HitRecord> host_hits_;
  gpu::PinnedBuffer<Word32> host_count_;

  std::uint32_t bases_count_ = 0;
  bool is_wide_ = false;    // the batch's tables
  std::size_t buffer_ = 0;  // of digits, the next chunk's
};

}  // namespace prover::cuda
