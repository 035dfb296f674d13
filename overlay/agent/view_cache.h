// view.bin: the last good view, as the signed frames that made it: one snapshot and the deltas
// after it, each as on the stream (PROTOCOL.md, 5). So what is applied at boot, before the
// coordinator is asked, was signed by the coordinator, and a changed file is noticed like a forged
// stream.
//
// A new snapshot replaces the file; a delta is appended, so the cost of a change on disk does not
// grow with the view. A tail that was cut off by a crash is ignored; the coordinator sends it
// again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "overlay/base/result.h"
#include "overlay/crypto/keys.h"
#include "overlay/model/view_follower.h"

namespace agent {

inline constexpr std::size_t kViewCacheBytesMax = 64U << 20;

struct CachedView {
  model::ViewFollower follower;
  std::size_t snapshot_bytes = 0;
  std::size_t delta_bytes = 0;  // that were good
  bool is_tail_cut = false;     // something after them was not
};

// Verifies and replays the file's bytes. Bytes after the last good frame are left out and marked.
// Errors, when not even a snapshot is good: Unauthenticated, Conflict (another view's), Malformed,
// Truncated; `view cache: frame 1: ...`.
base::Result<CachedView> replay_view_cache(std::span<const std::uint8_t> bytes,
                                           const crypto::IdentityPublicKey& signer,
                                           const model::ViewId& view);

// A frame as the stream carries it: its length in front.
void append_frame(std::vector<std::uint8_t>& bytes, const model::Frame& frame);

// Blocking. Errors: NotFound when there is no cache; those above, with the path in front.
base::Result<CachedView> load_view_cache(const std::string& path,
                                         const crypto::IdentityPublicKey& signer,
                                         const model::ViewId& view);

}  // namespace agent
