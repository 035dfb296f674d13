// A library of the CUDA engine without CUDA: its one card's kernels are loops. What the program
// says to it and hears from it crosses the same C interface, limb by limb.
//
// FAKE_GPU in the environment: "lost" loses the card at its first additions and never opens it
// again, "wrong" gives each nonce another's sum.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "gpu/ntt/ntt_steps.h"
#include "prover/cuda/card_abi.h"
#include "tests/unit/prover/engine/twin_card.h"

using prover::Card;
using prover::test::TwinCard;

struct linkspan_gpu_card {
  TwinCard::Control control;
  std::unique_ptr<TwinCard> card;
};

namespace {

std::string mode() {
  const char* text = std::getenv("FAKE_GPU");
  return text == nullptr ? "" : text;
}

constexpr int kOpensOfLostMax = 2;
int opens = 0;

int tell(const base::Status& status, linkspan_gpu_error* error) {
  if (status.ok()) {
    return LINKSPAN_GPU_OK;
  }
  std::strncpy(error->text, status.error().text().c_str(), sizeof(error->text) - 1);
  return LINKSPAN_GPU_LOST;
}

template <typename F>
F element(const std::uint64_t*& limbs) {
  gpu::Limbs<F::kLimbs> value;
  std::copy_n(limbs, F::kLimbs, value.at);
  limbs += F::kLimbs;
  return F::from_montgomery(value);
}

gpu::TeEntry entry(const std::uint64_t*& limbs) {
  const auto first = element<gpu::Fq>(limbs);
  const auto second = element<gpu::Fq>(limbs);
  return {first, second, element<gpu::Fq>(limbs)};
}

Card::Tables tables_of(int number) {
  return number == LINKSPAN_GPU_WIDE ? Card::Tables::Wide : Card::Tables::Narrow;
}

int count(std::uint32_t* devices, linkspan_gpu_error*) {
  *devices = 1;
  return LINKSPAN_GPU_OK;
}

int open(std::uint32_t, const linkspan_gpu_options* options, linkspan_gpu_card** out,
         linkspan_gpu_facts* facts, linkspan_gpu_error* error) {
  if (mode() == "lost" && opens++ >= kOpensOfLostMax) {
    return tell(base::Error(base::Errc::Device, "fake: off the bus"), error);
  }
  auto card = std::make_unique<linkspan_gpu_card>();
  card->control.adds_until_lost = mode() == "lost" ? 0 : -1;
  card->control.gives_wrong_sums = mode() == "wrong";
  const prover::test::TwinShape shape{.batch = options->batch != 0 ? options->batch : 8,
                                      .wide_windows = options->windows != 0 ? options->windows : 40,
                                      .narrow_windows = 64};
  card->card = std::make_unique<TwinCard>(shape, card->control);
  *facts = {};
  std::strncpy(facts->name, "fake", sizeof(facts->name) - 1);
  facts->batch = shape.batch;
  facts->wide_windows = shape.wide_windows;
  facts->narrow_windows = shape.narrow_windows;
  *out = card.release();
  return LINKSPAN_GPU_OK;
}

void close(linkspan_gpu_card* card) {
  std::unique_ptr<linkspan_gpu_card>(card).reset();
}

int set_bases(linkspan_gpu_card* card, const std::uint64_t* entries, std::uint32_t size,
              linkspan_gpu_error* error) {
  std::vector<gpu::TeEntry> bases;
  for (std::uint32_t i = 0; i < size; ++i) {
    bases.push_back(entry(entries));
  }
  return tell(card->card->set_bases(bases), error);
}

int build_tables(linkspan_gpu_card* card, int tables, std::uint32_t first, std::uint32_t size,
                 linkspan_gpu_error* error) {
  return tell(card->card->build(tables_of(tables), {.first = first, .count = size}), error);
}

int begin_batch(linkspan_gpu_card* card, int tables, const std::uint32_t* prefix,
                std::uint64_t first_nonce, linkspan_gpu_error* error) {
  prover::cuda::SeedPrefix words;
  std::copy_n(prefix, std::size(words.words), words.words);
  return tell(card->card->begin(tables_of(tables), words, first_nonce), error);
}

int add_bases(linkspan_gpu_card* card, std::uint32_t first, std::uint32_t size,
              linkspan_gpu_error* error) {
  return tell(card->card->add({.first = first, .count = size}), error);
}

int wait(linkspan_gpu_card* card, std::uint32_t queued, linkspan_gpu_error* error) {
  return tell(card->card->wait(queued), error);
}

int finish_batch(linkspan_gpu_card* card, std::uint64_t target, linkspan_gpu_hit* hits,
                 std::uint32_t* found, linkspan_gpu_error* error) {
  const auto result = card->card->finish(target);
  if (!result.ok()) {
    return tell(result.error(), error);
  }
  *found = 0;
  for (const auto& hit : result.value().hits) {
    hits[*found].index = hit.index;
    hits[*found].target = hit.target;
    std::copy_n(hit.commitment.x.montgomery().at, 6, hits[*found].x);
    std::copy_n(hit.commitment.y.montgomery().at, 6, hits[*found].y);
    ++*found;
  }
  return LINKSPAN_GPU_OK;
}

int transform_points(std::uint32_t, std::uint32_t log_size, const std::uint64_t* entries,
                     const std::uint64_t* scalars, const std::uint64_t* roots, std::uint64_t* out,
                     linkspan_gpu_error*) {
  const std::uint32_t size = 1U << log_size;
  std::vector<gpu::TePoint> values(size);
  for (std::uint32_t i = 0; i < size; ++i) {
    gpu::Limbs<4> scalar;
    std::copy_n(scalars + std::size_t{4} * i, 4, scalar.at);
    values[gpu::bits_reversed(i, log_size)] =
        gpu::te_multiply(gpu::TePoint(entry(entries)), scalar);
  }
  std::vector<gpu::Fr> twiddles;
  for (std::uint32_t i = 0; i < size / 2; ++i) {
    twiddles.push_back(element<gpu::Fr>(roots));
  }
  for (unsigned log_half = 0; log_half < log_size; ++log_half) {
    for (std::uint32_t i = 0; i < size / 2; ++i) {
      gpu::point_ntt_stage(values.data(), twiddles.data(), log_size, log_half, i);
    }
  }
  std::vector<gpu::Fq> scratch(size);
  std::vector<gpu::G1Affine> points(size);
  const std::size_t stride = (size + gpu::kMapGroup - 1) / gpu::kMapGroup;
  for (std::size_t i = 0; i < stride; ++i) {
    gpu::map_back(values.data(), size, i, stride, scratch.data(), points.data());
  }
  for (std::uint32_t i = 0; i < size; ++i) {
    std::copy_n(points[i].x.montgomery().at, 6, out + std::size_t{12} * i);
    std::copy_n(points[i].y.montgomery().at, 6, out + std::size_t{12} * i + 6);
  }
  return LINKSPAN_GPU_OK;
}

int measure(linkspan_gpu_card*, int what, double, double* per_second, linkspan_gpu_error*) {
  *per_second = what == LINKSPAN_GPU_PRODUCTS ? 7e6 : 1e6;
  return LINKSPAN_GPU_OK;
}

constexpr linkspan_gpu_api kApi = {
    LINKSPAN_GPU_VERSION,
    sizeof(linkspan_gpu_api),
    count,
    open,
    close,
    set_bases,
    build_tables,
    begin_batch,
    add_bases,
    wait,
    finish_batch,
    transform_points,
    measure,
};

}  // namespace

extern "C" const linkspan_gpu_api* linkspan_gpu_api_table(std::uint32_t version) {
  return version == LINKSPAN_GPU_VERSION ? &kApi : nullptr;
}
