#include "overlay/agent/view_cache.h"

#include <optional>
#include <utility>

#include "overlay/base/bytes.h"
#include "overlay/loop/files.h"

namespace agent {
namespace {

constexpr std::size_t kLengthBytes = 4;

base::Status replay_frame(const model::Frame& frame, const crypto::IdentityPublicKey& signer,
                          const model::ViewId& view, CachedView& cached) {
  const auto update = model::open_update(frame.bytes, signer, view);
  if (!update.ok()) {
    return update.error();
  }
  if (auto status = cached.follower.handle_update(update.value()); !status.ok()) {
    return status;
  }
  const std::size_t size_bytes = kLengthBytes + frame.bytes.size();
  if (update.value().is_snapshot) {
    cached.snapshot_bytes = size_bytes;
    cached.delta_bytes = 0;
  } else {
    cached.delta_bytes += size_bytes;
  }
  return {};
}

}  // namespace

base::Result<CachedView> replay_view_cache(std::span<const std::uint8_t> bytes,
                                           const crypto::IdentityPublicKey& signer,
                                           const model::ViewId& view) {
  model::FrameReader reader;
  const auto fed = reader.feed(bytes);
  CachedView cached;
  std::optional<base::Error> failure;
  std::size_t good_bytes = 0;
  int number = 0;
  while (auto frame = reader.poll_frame()) {
    ++number;
    if (auto status = replay_frame(*frame, signer, view, cached); !status.ok()) {
      failure = status.error().within("frame " + std::to_string(number));
      break;
    }
    good_bytes += kLengthBytes + frame->bytes.size();
  }
  if (cached.snapshot_bytes == 0) {
    if (!failure && !fed.ok()) {
      failure = fed.error();
    }
    return failure.value_or(base::Error(base::Errc::Truncated, "no whole frame"))
        .within("view cache");
  }
  cached.is_tail_cut = good_bytes != bytes.size();
  return cached;
}

void append_frame(std::vector<std::uint8_t>& bytes, const model::Frame& frame) {
  base::ByteWriter writer;
  writer.u32(static_cast<std::uint32_t>(frame.bytes.size()));
  bytes.insert(bytes.end(), writer.bytes().begin(), writer.bytes().end());
  bytes.insert(bytes.end(), frame.bytes.begin(), frame.bytes.end());
}

base::Result<CachedView> load_view_cache(const std::string& path,
                                         const crypto::IdentityPublicKey& signer,
                                         const model::ViewId& view) {
  const auto text = loop::read_file(path, kViewCacheBytesMax);
  if (!text.ok()) {
    return text.error();
  }
  auto cached = replay_view_cache(base::as_bytes(text.value()), signer, view);
  if (!cached.ok()) {
    return cached.error().within(path);
  }
  return cached;
}

}  // namespace agent
