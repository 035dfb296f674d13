#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "mirror/oci/range.h"
#include "mirror/oci/target.h"
#include "mirror/proxy/body.h"
#include "mirror/registry/blob_source.h"
#include "mirror/registry/replica_set.h"
#include "overlay/base/result.h"
#include "overlay/crypto/digest.h"

namespace mirror {

// Part of a blob for one client, past the cache: for when the disk is full. It always reads the
// blob from its first byte, because only the whole has a digest, and throws away what was not asked
// for. As in a Fill, the end is held back until the digest matches. Memory: kWindowBytes and what
// is held back.
class DirectBody : public Body {
 public:
  static constexpr std::size_t kWindowBytes = 4U << 20;
  static constexpr std::uint64_t kHeldBackBytes = 4U << 20;

  // Errors: NotFound when no replica has it. May destroy this.
  using OnHead = std::function<void(const base::Result<std::uint64_t>& size_bytes)>;

  DirectBody(ReplicaSet& replicas, Target target, std::optional<std::uint64_t> size_bytes,
             OnHead on_head);

  // What to send; to be called in on_head, or never if only the size was wanted.
  void set_range(ByteRange range);

  std::uint64_t size_bytes() const override { return range_.size_bytes(); }
  State state() const override { return is_broken_ ? State::Broken : State::Flowing; }
  Piece peek() override;
  void advance(std::size_t size) override;

 private:
  void handle_data(std::span<const std::uint8_t> bytes);
  void handle_end(const base::Status& status);
  void pace();

  ReplicaSet& replicas_;
  Target target_;
  OnHead on_head_;
  crypto::Sha256 hash_;
  ByteRange range_;
  std::uint64_t blob_bytes_ = 0;
  std::uint64_t received_ = 0;  // of the blob
  std::uint64_t sent_at_ = 0;   // offset in the blob of the next byte to send
  std::deque<std::vector<std::uint8_t>> chunks_;
  std::size_t chunk_at_ = 0;    // sent of the first chunk
  std::size_t held_bytes_ = 0;  // in chunks_
  bool is_verified_ = false;
  bool is_broken_ = false;
  bool is_paused_ = false;
  std::unique_ptr<BlobSource> source_;
};

}  // namespace mirror
