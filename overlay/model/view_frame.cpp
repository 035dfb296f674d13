#include "overlay/model/view_frame.h"

#include <algorithm>
#include <string>

#include "overlay/base/bytes.h"
#include "overlay/crypto/digest.h"
#include "overlay/model/view_changes.h"

namespace model {
namespace {

using base::Errc;

// Offsets after the length field: PROTOCOL.md, 5.3.
constexpr std::size_t kSignatureBytes = 64;
constexpr std::size_t kHeadBytes = 72;
constexpr std::size_t kUpdateBytesMin = kHeadBytes + kSignatureBytes;
constexpr std::size_t kPingBytes = 1;
constexpr std::size_t kDrainBytes = 5;
constexpr std::size_t kLengthBytes = 4;

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kFlagMassRemoval = 1;
constexpr std::uint8_t kFlagCompressed = 2;
constexpr std::uint8_t kFlagsKnown = kFlagMassRemoval | kFlagCompressed;

// No message signed for another purpose begins like this, so none can pass for a view.
constexpr std::string_view kDomain = "linkspan-view-v1\n";

// The digest is signed instead of the frame, which may be megabytes and would be copied.
std::vector<std::uint8_t> signed_message(std::span<const std::uint8_t> content) {
  const auto domain = base::as_bytes(kDomain);
  std::vector<std::uint8_t> message(domain.begin(), domain.end());
  const crypto::Digest256 digest = crypto::blake2b(content);
  message.insert(message.end(), digest.begin(), digest.end());
  return message;
}

void write_head(base::ByteWriter& writer, const ViewId& view, const ViewUpdate& update,
                const PackedChanges& packed) {
  writer.u8(static_cast<std::uint8_t>(update.is_snapshot ? FrameType::Snapshot : FrameType::Delta));
  writer.u8(kVersion);
  writer.u8(static_cast<std::uint8_t>((update.is_mass_removal_meant ? kFlagMassRemoval : 0U) |
                                      (packed.is_compressed ? kFlagCompressed : 0U)));
  writer.u32(view.network.value);
  writer.u32(view.site.value);
  writer.u8(static_cast<std::uint8_t>(view.role));
  writer.u64(update.epoch);
  writer.u64(update.base_sequence);
  writer.u64(update.sequence);
  writer.raw(update.state_hash.bytes());
  writer.u32(packed.size_bytes);
}

// What the bytes between head and signature are.
struct Head {
  ViewId view;
  ViewUpdate update;
  bool is_compressed = false;
  std::uint32_t size_bytes = 0;
};

void check_number(base::ByteReader& reader, std::string_view field, std::uint64_t value,
                  std::uint64_t min) {
  if (value < min || value > kSequenceMax) {
    reader.reject(Errc::Malformed, field,
                  std::to_string(value) + ", expected " + std::to_string(min) + ".." +
                      std::to_string(kSequenceMax));
  }
}

void read_cursor(base::ByteReader& reader, ViewUpdate& update) {
  update.epoch = reader.u64("epoch");
  check_number(reader, "epoch", update.epoch, 1);
  update.base_sequence = reader.u64("base_sequence");
  check_number(reader, "base_sequence", update.base_sequence, 0);
  if (update.is_snapshot && update.base_sequence != 0) {
    reader.reject(Errc::Malformed, "base_sequence",
                  std::to_string(update.base_sequence) + ", expected 0 in a snapshot");
  }
  update.sequence = reader.u64("sequence");
  check_number(reader, "sequence", update.sequence, update.base_sequence);
}

Head read_head(base::ByteReader& reader) {
  Head head;
  const std::uint8_t type = reader.u8("type");
  head.update.is_snapshot = type == static_cast<std::uint8_t>(FrameType::Snapshot);
  if (!head.update.is_snapshot && type != static_cast<std::uint8_t>(FrameType::Delta)) {
    reader.reject(Errc::Malformed, "type", std::to_string(type) + ", expected 1 or 2");
  }
  if (const std::uint8_t version = reader.u8("version"); version != kVersion) {
    reader.reject(Errc::Malformed, "version", std::to_string(version) + ", expected 1");
  }
  const std::uint8_t flags = reader.u8("flags");
  if ((flags & ~kFlagsKnown) != 0) {
    reader.reject(Errc::Malformed, "flags", std::to_string(flags) + ", expected 0..3");
  }
  head.update.is_mass_removal_meant = (flags & kFlagMassRemoval) != 0;
  head.is_compressed = (flags & kFlagCompressed) != 0;
  head.view.network.value = reader.u32("network");
  head.view.site.value = reader.u32("site");
  head.view.role = static_cast<Role>(reader.u8("role"));
  read_cursor(reader, head.update);
  std::array<std::uint8_t, 32> hash{};
  std::ranges::copy(reader.take("state_hash", hash.size()), hash.begin());
  head.update.state_hash = StateHash(hash);
  head.size_bytes = reader.u32("size");
  return head;
}

base::Error unexpected_length(std::size_t length, const std::string& expected) {
  return base::Error(Errc::Malformed,
                     "view stream: length " + std::to_string(length) + ", expected " + expected);
}

base::Status check_length(std::uint8_t type, std::size_t length) {
  switch (static_cast<FrameType>(type)) {
    case FrameType::Snapshot:
    case FrameType::Delta:
      return length >= kUpdateBytesMin
                 ? base::Status()
                 : unexpected_length(length, "at least " + std::to_string(kUpdateBytesMin));
    case FrameType::Ping:
      return length == kPingBytes ? base::Status() : unexpected_length(length, "1 of a ping");
    case FrameType::Drain:
      return length == kDrainBytes ? base::Status() : unexpected_length(length, "5 of a drain");
  }
  return base::Error(Errc::Malformed,
                     "view stream: type " + std::to_string(type) + ", expected 1..4");
}

}  // namespace

base::Result<std::vector<std::uint8_t>> encode_signed(const crypto::IdentityKey& key,
                                                      const ViewId& view,
                                                      const ViewUpdate& update) {
  auto packed = pack_changes(update.changes);
  if (!packed.ok()) {
    return packed.error();
  }
  const std::size_t length = kUpdateBytesMin + packed.value().bytes.size();
  if (length > kFrameBytesMax) {
    return base::Error(Errc::LimitExceeded, "view " + view.text() + ": frame of " +
                                                std::to_string(length) + " bytes, at most " +
                                                std::to_string(kFrameBytesMax));
  }
  base::ByteWriter content;
  write_head(content, view, update, packed.value());
  content.raw(packed.value().bytes);
  base::ByteWriter writer;
  writer.u32(static_cast<std::uint32_t>(length));
  writer.raw(sign_update_content(key, std::move(content).bytes()));
  return std::move(writer).bytes();
}

std::vector<std::uint8_t> sign_update_content(const crypto::IdentityKey& key,
                                              std::vector<std::uint8_t> content) {
  const crypto::Signature signature = key.sign(signed_message(content));
  content.insert(content.end(), signature.bytes.begin(), signature.bytes.end());
  return content;
}

std::vector<std::uint8_t> encode_ping() {
  base::ByteWriter writer;
  writer.u32(kPingBytes);
  writer.u8(static_cast<std::uint8_t>(FrameType::Ping));
  return std::move(writer).bytes();
}

std::vector<std::uint8_t> encode_drain(base::Duration retry_after) {
  const auto clamped = std::clamp(retry_after, base::Duration::zero(), kRetryAfterMax);
  base::ByteWriter writer;
  writer.u32(kDrainBytes);
  writer.u8(static_cast<std::uint8_t>(FrameType::Drain));
  writer.u32(static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(clamped).count()));
  return std::move(writer).bytes();
}

base::Result<base::Duration> decode_drain(std::span<const std::uint8_t> frame) {
  base::ByteReader reader("drain", frame);
  if (const std::uint8_t type = reader.u8("type");
      type != static_cast<std::uint8_t>(FrameType::Drain)) {
    reader.reject(Errc::Malformed, "type", std::to_string(type) + ", expected 4");
  }
  const base::Duration retry_after = std::chrono::milliseconds(reader.u32("retry_after_ms"));
  if (retry_after > kRetryAfterMax) {
    reader.reject(Errc::Malformed, "retry_after_ms", "over an hour");
  }
  if (const auto status = reader.finish(); !status.ok()) {
    return status.error();
  }
  return retry_after;
}

base::Result<ViewUpdate> open_update(std::span<const std::uint8_t> frame,
                                     const crypto::IdentityPublicKey& signer, const ViewId& view) {
  if (frame.size() < kUpdateBytesMin) {
    return base::Error(Errc::Truncated, "view update: " + std::to_string(frame.size()) +
                                            " bytes, at least " + std::to_string(kUpdateBytesMin));
  }
  const auto content = frame.first(frame.size() - kSignatureBytes);
  crypto::Signature signature;
  std::ranges::copy(frame.last(kSignatureBytes), signature.bytes.begin());
  if (!crypto::verify(signer, signed_message(content), signature)) {
    return base::Error(Errc::Unauthenticated, "view update: not signed by the coordinator");
  }
  base::ByteReader reader("view update", content);
  Head head = read_head(reader);
  const auto packed = reader.take("changes", reader.remaining());
  if (const auto status = reader.finish(); !status.ok()) {
    return status.error();
  }
  if (head.view != view) {
    return base::Error(Errc::Conflict,
                       "view update: for view " + head.view.text() + ", expected " + view.text());
  }
  auto changes = unpack_changes(packed, head.is_compressed, head.size_bytes);
  if (!changes.ok()) {
    return changes.error().within("view update");
  }
  head.update.changes = std::move(changes).value();
  const auto is_removal = [](const FactChange& change) { return !change.fact.has_value(); };
  if (head.update.is_snapshot && std::ranges::any_of(head.update.changes, is_removal)) {
    return base::Error(Errc::Malformed, "view update: removal in a snapshot");
  }
  return std::move(head.update);
}

base::Status FrameReader::feed(std::span<const std::uint8_t> bytes) {
  if (!failure_.has_value()) {
    pending_.insert(pending_.end(), bytes.begin(), bytes.end());
    if (const auto status = cut(); !status.ok()) {
      failure_ = status.error();
      pending_.clear();
    }
  }
  return failure_.has_value() ? base::Status(*failure_) : base::Status();
}

base::Status FrameReader::cut() {
  std::size_t offset = 0;
  while (pending_.size() - offset > kLengthBytes) {
    const auto left = std::span(pending_).subspan(offset);
    const std::size_t length = static_cast<std::size_t>(left[0]) << 24 |
                               static_cast<std::size_t>(left[1]) << 16 |
                               static_cast<std::size_t>(left[2]) << 8 | left[3];
    if (length > kFrameBytesMax) {
      return base::Error(Errc::LimitExceeded, "view stream: frame of " + std::to_string(length) +
                                                  " bytes, at most " +
                                                  std::to_string(kFrameBytesMax));
    }
    const std::uint8_t type = left[kLengthBytes];
    if (auto status = check_length(type, length); !status.ok()) {
      return status;
    }
    if (left.size() - kLengthBytes < length) {
      break;
    }
    const auto frame = left.subspan(kLengthBytes, length);
    frames_.push_back(Frame{static_cast<FrameType>(type), {frame.begin(), frame.end()}});
    offset += kLengthBytes + length;
  }
  if (offset == pending_.size()) {
    pending_ = {};  // not kept at the size of a snapshot
  } else {
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(offset));
  }
  return {};
}

std::optional<Frame> FrameReader::poll_frame() {
  if (frames_.empty()) {
    return std::nullopt;
  }
  Frame frame = std::move(frames_.front());
  frames_.pop_front();
  return frame;
}

}  // namespace model
