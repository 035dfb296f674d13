// The input is an update's content, which the target signs itself, so that the fuzzer gets past the
// signature. What opens, encodes and opens to the same; without the signature nothing opens.
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "overlay/base/check.h"
#include "overlay/model/view_frame.h"

namespace {

const crypto::IdentityKey& fuzz_key() {
  static const crypto::IdentityKey key = crypto::IdentityKey::from_seed(crypto::Secret<32>());
  return key;
}

constexpr model::ViewId kView{model::NetworkId{1}, model::SiteId{2}, model::Role::Member};
constexpr std::size_t kLengthBytes = 4;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::uint8_t> input(data, size);
  CHECK(!model::open_update(input, fuzz_key().public_key(), kView).ok());

  const auto frame =
      model::sign_update_content(fuzz_key(), std::vector<std::uint8_t>(input.begin(), input.end()));
  const auto update = model::open_update(frame, fuzz_key().public_key(), kView);
  if (!update.ok()) {
    CHECK(!update.error().text().empty());
    return 0;
  }
  const auto again = model::encode_signed(fuzz_key(), kView, update.value());
  CHECK(again.ok());
  const auto reopened = model::open_update(std::span(again.value()).subspan(kLengthBytes),
                                           fuzz_key().public_key(), kView);
  CHECK(reopened.ok() && reopened.value() == update.value());
  return 0;
}
