#include "prover/engine/gpu_library.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <dlfcn.h>

#include "prover/cuda/card_abi.h"

namespace prover {
namespace {

constexpr std::uint32_t kDevicesMax = 64;

base::Error none(base::Errc code, const std::string& why) {
  return base::Error(code, "no GPU engine: " + why);
}

base::Error error_of(int code, const linkspan_gpu_error& error) {
  switch (code) {
    case LINKSPAN_GPU_MEMORY:
      return base::Error(base::Errc::LimitExceeded, error.text);
    case LINKSPAN_GPU_UNAVAILABLE:
      return base::Error(base::Errc::Unavailable, error.text);
    default:
      return base::Error(base::Errc::Device, error.text);
  }
}

base::Status status_of(int code, const linkspan_gpu_error& error) {
  if (code == LINKSPAN_GPU_OK) {
    return {};
  }
  return error_of(code, error);
}

int number_of(Card::Tables tables) {
  return tables == Card::Tables::Wide ? LINKSPAN_GPU_WIDE : LINKSPAN_GPU_NARROW;
}

gpu::Fq element_of(const std::uint64_t (&limbs)[6]) {
  gpu::Limbs<6> value;
  std::copy_n(limbs, 6, value.at);
  return gpu::Fq::from_montgomery(value);
}

template <std::size_t N>
void append(std::vector<std::uint64_t>& out, const gpu::Limbs<N>& value) {
  out.insert(out.end(), std::begin(value.at), std::end(value.at));
}

std::vector<std::uint64_t> limbs_of(std::span<const gpu::TeEntry> entries) {
  std::vector<std::uint64_t> out;
  out.reserve(entries.size() * 18);
  for (const gpu::TeEntry& entry : entries) {
    append(out, entry.y_minus_x.montgomery());
    append(out, entry.y_plus_x.montgomery());
    append(out, entry.two_d_xy.montgomery());
  }
  return out;
}

class LibraryCard final : public Card {
 public:
  LibraryCard(const linkspan_gpu_api& api, linkspan_gpu_card* card, const linkspan_gpu_facts& facts)
      : api_(api), card_(card), hits_(LINKSPAN_GPU_HITS_MAX) {
    facts_ = {.name = facts.name,
              .batch = facts.batch,
              .wide_windows = facts.wide_windows,
              .narrow_windows = facts.narrow_windows,
              .memory_bytes = facts.memory_bytes,
              .table_bytes = facts.table_bytes,
              .multiprocessors = facts.multiprocessors,
              .capability = facts.capability};
    std::copy(std::begin(facts.uuid), std::end(facts.uuid), facts_.uuid.begin());
  }
  ~LibraryCard() override { api_.close(card_); }

  const Facts& facts() const override { return facts_; }

  base::Status set_bases(std::span<const gpu::TeEntry> bases) override {
    const std::vector<std::uint64_t> limbs = limbs_of(bases);
    linkspan_gpu_error error{};
    return status_of(
        api_.set_bases(card_, limbs.data(), static_cast<std::uint32_t>(bases.size()), &error),
        error);
  }

  base::Status build(Tables tables, Range bases) override {
    linkspan_gpu_error error{};
    return status_of(api_.build_tables(card_, number_of(tables), bases.first, bases.count, &error),
                     error);
  }

  base::Status begin(Tables tables, const cuda::SeedPrefix& prefix,
                     std::uint64_t first_nonce) override {
    linkspan_gpu_error error{};
    return status_of(api_.begin_batch(card_, number_of(tables), prefix.words, first_nonce, &error),
                     error);
  }

  base::Status add(Range bases) override {
    linkspan_gpu_error error{};
    return status_of(api_.add_bases(card_, bases.first, bases.count, &error), error);
  }

  base::Status wait(std::uint32_t queued) override {
    linkspan_gpu_error error{};
    return status_of(api_.wait(card_, queued, &error), error);
  }

  base::Result<Found> finish(std::uint64_t target) override {
    linkspan_gpu_error error{};
    std::uint32_t found = 0;
    if (const int code = api_.finish_batch(card_, target, hits_.data(), &found, &error);
        code != LINKSPAN_GPU_OK) {
      return error_of(code, error);
    }
    Found out;
    const std::size_t count = std::min<std::size_t>(found, hits_.size());
    out.left_out = found - count;
    for (std::size_t i = 0; i < count; ++i) {
      out.hits.push_back({.index = hits_[i].index,
                          .target = hits_[i].target,
                          .commitment = {element_of(hits_[i].x), element_of(hits_[i].y)}});
    }
    return out;
  }

  base::Result<double> measure(Measure what, double seconds) override {
    linkspan_gpu_error error{};
    double rate = 0;
    const int number = what == Measure::Products ? LINKSPAN_GPU_PRODUCTS : LINKSPAN_GPU_ADDITIONS;
    if (const int code = api_.measure(card_, number, seconds, &rate, &error);
        code != LINKSPAN_GPU_OK) {
      return error_of(code, error);
    }
    return rate;
  }

 private:
  const linkspan_gpu_api& api_;
  linkspan_gpu_card* const card_;
  std::vector<linkspan_gpu_hit> hits_;
  Facts facts_;
};

}  // namespace

base::Result<GpuLibrary> GpuLibrary::open(const std::string& path) {
  static_assert(Card::kChunkBases == LINKSPAN_GPU_CHUNK && cuda::kHitsMax == LINKSPAN_GPU_HITS_MAX);
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == nullptr) {
    const char* text = dlerror();
    return none(base::Errc::NotFound, text == nullptr ? path : text);
  }
  using Table = const linkspan_gpu_api* (*)(std::uint32_t);
  const auto table = reinterpret_cast<Table>(dlsym(library, LINKSPAN_GPU_SYMBOL));
  const linkspan_gpu_api* api = table == nullptr ? nullptr : table(LINKSPAN_GPU_VERSION);
  if (api == nullptr || api->version != LINKSPAN_GPU_VERSION ||
      api->size_bytes != sizeof(linkspan_gpu_api)) {
    return none(base::Errc::Conflict,
                path + " is not of version " + std::to_string(LINKSPAN_GPU_VERSION));
  }
  linkspan_gpu_error error{};
  std::uint32_t devices = 0;
  if (api->count(&devices, &error) != LINKSPAN_GPU_OK) {
    return none(base::Errc::Unavailable, error.text);
  }
  if (devices == 0) {
    return none(base::Errc::Unavailable, "the driver shows no device");
  }
  return GpuLibrary(*api, std::min(devices, kDevicesMax));
}

base::Result<std::unique_ptr<Card>> GpuLibrary::open_card(std::uint32_t index,
                                                          const CardOptions& options) const {
  CHECK(index < devices_);
  const linkspan_gpu_options asked{
      .degree_max = options.degree_max, .batch = options.batch, .windows = options.windows};
  linkspan_gpu_card* card = nullptr;
  linkspan_gpu_facts facts{};
  linkspan_gpu_error error{};
  if (const int code = api_->open(index, &asked, &card, &facts, &error); code != LINKSPAN_GPU_OK) {
    return error_of(code, error).within("card " + std::to_string(index));
  }
  return std::unique_ptr<Card>(std::make_unique<LibraryCard>(*api_, card, facts));
}

base::Result<std::vector<gpu::G1Affine>> GpuLibrary::transform_points(
    std::uint32_t device, const gpu::NttDomain& domain, std::span<const gpu::G1Affine> points,
    std::span<const gpu::Fr> values) const {
  CHECK(points.size() == domain.size() && values.size() == domain.size());
  std::vector<std::uint64_t> scalars;
  std::vector<std::uint64_t> roots;
  for (const gpu::Fr& value : values) {
    append(scalars, value.canonical());
  }
  for (const gpu::Fr& root : domain.half_roots()) {
    append(roots, root.montgomery());
  }
  std::vector<std::uint64_t> limbs(12 * domain.size());
  linkspan_gpu_error error{};
  if (const int code = api_->transform_points(device, domain.log_size(),
                                              limbs_of(gpu::to_te_entries(points)).data(),
                                              scalars.data(), roots.data(), limbs.data(), &error);
      code != LINKSPAN_GPU_OK) {
    return error_of(code, error).within("transform of points");
  }
  std::vector<gpu::G1Affine> out;
  for (std::size_t i = 0; i < domain.size(); ++i) {
    std::uint64_t coordinates[2][6];
    std::copy_n(limbs.begin() + static_cast<std::ptrdiff_t>(12 * i), 6, coordinates[0]);
    std::copy_n(limbs.begin() + static_cast<std::ptrdiff_t>(12 * i + 6), 6, coordinates[1]);
    out.push_back({element_of(coordinates[0]), element_of(coordinates[1])});
  }
  return out;
}

}  // namespace prover
