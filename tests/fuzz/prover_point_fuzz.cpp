// Points of both groups: what decodes is on its curve, in its subgroup, and encodes to the same
// bytes.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "gpu/curve/g1_codec.h"
#include "gpu/curve/g2.h"
#include "overlay/base/check.h"

namespace {

template <typename Point, typename Encode>
void check_strict(std::span<const std::uint8_t> bytes, const base::Result<Point>& decoded,
                  bool is_checked, Encode encode) {
  if (!decoded.ok()) {
    CHECK(!decoded.error().text().empty());
    return;
  }
  CHECK(gpu::is_on_curve(decoded.value()));
  CHECK(!is_checked || gpu::is_in_subgroup(decoded.value()));
  CHECK(std::ranges::equal(encode(decoded.value()), bytes));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span bytes(data, size);
  for (const auto membership : {gpu::Membership::Check, gpu::Membership::Trust}) {
    const bool is_checked = membership == gpu::Membership::Check;
    check_strict(bytes, gpu::decompress(bytes, membership), is_checked,
                 [](const gpu::G1Affine& point) { return gpu::compress(point); });
    check_strict(bytes, gpu::decode_g1(bytes, membership), is_checked,
                 [](const gpu::G1Affine& point) { return gpu::encode(point); });
  }
  check_strict(bytes, gpu::decode_g2(bytes), true,
               [](const gpu::G2Affine& point) { return gpu::encode(point); });
  return 0;
}
