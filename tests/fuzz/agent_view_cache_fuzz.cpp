// The input is used twice: as a file that anybody may have written, and as the content of an update
// that the target signs itself, with the input as a broken tail behind it, so that the fuzzer gets
// past the signature.
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "overlay/agent/view_cache.h"
#include "overlay/base/check.h"

namespace {

const crypto::IdentityKey& fuzz_key() {
  static const crypto::IdentityKey key = crypto::IdentityKey::from_seed(crypto::Secret<32>());
  return key;
}

constexpr model::ViewId kView{model::NetworkId{1}, model::SiteId{2}, model::Role::Member};

void replay(std::span<const std::uint8_t> bytes) {
  const auto cached = agent::replay_view_cache(bytes, fuzz_key().public_key(), kView);
  if (!cached.ok()) {
    CHECK(!cached.error().text().empty());
    return;
  }
  const std::size_t good_bytes = cached.value().snapshot_bytes + cached.value().delta_bytes;
  CHECK(good_bytes <= bytes.size());
  const auto again =
      agent::replay_view_cache(bytes.first(good_bytes), fuzz_key().public_key(), kView);
  CHECK(again.ok() && !again.value().is_tail_cut);
  CHECK(again.value().follower.view().hash() == cached.value().follower.view().hash());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::uint8_t> input(data, size);
  replay(input);

  model::Frame frame;
  frame.bytes =
      model::sign_update_content(fuzz_key(), std::vector<std::uint8_t>(input.begin(), input.end()));
  std::vector<std::uint8_t> file;
  agent::append_frame(file, frame);
  replay(file);
  file.insert(file.end(), input.begin(), input.end());
  replay(file);
  return 0;
}
