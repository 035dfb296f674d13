#include "coordinator/store/log_codec.h"

#include <algorithm>
#include <charconv>

#include "overlay/base/bytes.h"
#include "overlay/base/hex.h"

namespace coordinator {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kSealBytes = 32;
constexpr std::size_t kBatchHeadBytes = 1 + 8 + 32 + 8 + 4;
constexpr std::string_view kBatchLabel = "linkspan-log-batch-1\n";
constexpr std::string_view kStartLabel = "linkspan-log-start-1\n";
constexpr std::string_view kEpochLabel = "linkspan-log-epoch-1\n";
constexpr std::string_view kHeaderLabel = "linkspan-snapshot-header-1\n";
constexpr std::string_view kContentLabel = "linkspan-snapshot-content-1\n";

crypto::Digest256 sealed(const LogKey& key, std::string_view label,
                         std::span<const std::uint8_t> bytes) {
  std::vector<std::uint8_t> message;
  message.reserve(label.size() + bytes.size());
  std::ranges::copy(base::as_bytes(label), std::back_inserter(message));
  std::ranges::copy(bytes, std::back_inserter(message));
  return crypto::keyed_blake2b(key, message);
}

crypto::Digest256 read_digest(base::ByteReader& reader, std::string_view field) {
  crypto::Digest256 digest{};
  const auto bytes = reader.take(field, digest.size());
  std::copy_n(bytes.begin(), std::min(bytes.size(), digest.size()), digest.begin());
  return digest;
}

// Splits off and checks the seal at the end. Errors: Unauthenticated.
base::Result<std::span<const std::uint8_t>> unseal(const LogKey& key, std::string_view label,
                                                   std::span<const std::uint8_t> bytes) {
  if (bytes.size() < kSealBytes) {
    return base::Error(base::Errc::Unauthenticated,
                       std::to_string(bytes.size()) + " bytes, too short to be ours");
  }
  const auto content = bytes.first(bytes.size() - kSealBytes);
  if (!crypto::equal(sealed(key, label, content), bytes.last(kSealBytes))) {
    return base::Error(base::Errc::Unauthenticated, "altered, or written with another signing key");
  }
  return content;
}

std::string with_seal(const LogKey& key, std::string_view label, base::ByteWriter writer) {
  writer.raw(sealed(key, label, writer.bytes()));
  return std::string(base::as_text(writer.bytes()));
}

std::string at(std::uint64_t sequence) {
  return "log: sequence " + std::to_string(sequence);
}

base::Error history_differs(std::uint64_t sequence) {
  return {base::Errc::Conflict,
          at(sequence) + ": the log's history is not the one that was read before"};
}

}  // namespace

std::string Epoch::text() const {
  return base::hex_encode(bytes);
}

crypto::Digest256 chain_start(const LogKey& key) {
  return sealed(key, kStartLabel, {});
}

crypto::Digest256 epoch_seal(const LogKey& key, const Epoch& epoch) {
  return sealed(key, kEpochLabel, epoch.bytes);
}

SealedBatch seal_batch(const LogKey& key, const LogBatch& batch) {
  CHECK(batch.first > 0 && !batch.events.empty() &&
        batch.events.size() <= EventLog::kBatchEventsMax);
  base::ByteWriter writer;
  writer.u8(kVersion);
  writer.u64(batch.first);
  writer.raw(batch.previous);
  writer.u64(batch.nonce);
  writer.u32(static_cast<std::uint32_t>(batch.events.size()));
  for (const EventBytes& event : batch.events) {
    writer.u32(static_cast<std::uint32_t>(event.size()));
    writer.raw(event);
  }
  SealedBatch out;
  out.end.sequence = batch.last();
  out.end.chain = sealed(key, kBatchLabel, writer.bytes());
  writer.raw(out.end.chain);
  out.bytes = base::as_text(writer.bytes());
  return out;
}

base::Result<OpenedBatch> open_batch(const LogKey& key, std::span<const std::uint8_t> bytes) {
  if (bytes.size() >
      EventLog::kBatchBytesMax + 4 * EventLog::kBatchEventsMax + kBatchHeadBytes + kSealBytes) {
    return base::Error(base::Errc::Malformed,
                       std::to_string(bytes.size()) + " bytes, more than a batch can have");
  }
  const auto content = unseal(key, kBatchLabel, bytes);
  if (!content.ok()) {
    return content.error();
  }
  base::ByteReader reader("batch", content.value());
  if (const auto version = reader.u8("version"); version != kVersion) {
    reader.reject(base::Errc::Malformed, "version", std::to_string(version) + ", expected 1");
  }
  OpenedBatch out;
  out.batch.first = reader.u64("first");
  out.batch.previous = read_digest(reader, "previous");
  out.batch.nonce = reader.u64("nonce");
  const std::uint32_t count = reader.u32("count");
  if (out.batch.first == 0 || count == 0 || count > EventLog::kBatchEventsMax) {
    reader.reject(base::Errc::Malformed, "count",
                  std::to_string(count) + " events from " + std::to_string(out.batch.first));
  }
  for (std::uint32_t i = 0; i < count && !reader.failed(); ++i) {
    const auto event = reader.take("event", reader.u32("size"));
    out.batch.events.emplace_back(event.begin(), event.end());
  }
  if (auto status = reader.finish(); !status.ok()) {
    return status.error();
  }
  std::ranges::copy(bytes.last(kSealBytes), out.chain.begin());
  return out;
}

std::optional<std::string> missing_history(const LogKey& key, const Fingerprint& known,
                                           const LogHead& head,
                                           std::optional<std::string_view> next) {
  const LogPosition& mine = known.position;
  if (known.epoch != head.epoch || mine.sequence == 0) {
    return std::nullopt;  // said already, by another epoch; or nothing was known
  }
  if (head.position.sequence < mine.sequence) {
    return "the log ends at " + std::to_string(head.position.sequence) + ", but it had " +
           std::to_string(mine.sequence) + " events";
  }
  const std::string other = "event " + std::to_string(mine.sequence) + " is not the one known";
  if (head.position.sequence == mine.sequence) {
    return head.position.chain == mine.chain ? std::nullopt : std::optional(other);
  }
  if (!next) {
    return std::nullopt;  // trimmed
  }
  const auto opened = open_batch(key, base::as_bytes(*next));
  if (!opened.ok()) {
    return std::nullopt;  // read() will refuse it by name; it says nothing about a loss
  }
  const LogBatch& batch = opened.value().batch;
  const bool is_end = batch.last() == mine.sequence && opened.value().chain == mine.chain;
  const bool is_start = batch.first == mine.sequence + 1 && batch.previous == mine.chain;
  const bool is_trimmed = batch.first > mine.sequence + 1;
  return is_end || is_start || is_trimmed ? std::nullopt : std::optional(other);
}

base::Result<Advance> advance(const LogKey& key, const LogPosition& cursor, const LogHead& head,
                              const std::vector<std::string>& entries, std::size_t limit) {
  if (head.position.sequence < cursor.sequence ||
      (head.position.sequence == cursor.sequence && head.position.chain != cursor.chain)) {
    return history_differs(cursor.sequence);
  }
  Advance out;
  out.end = cursor;
  for (const std::string& entry : entries) {
    if (out.events.size() >= limit) {
      break;
    }
    const std::uint64_t expected = out.end.sequence + 1;
    const auto opened = open_batch(key, base::as_bytes(entry));
    if (!opened.ok()) {
      return opened.error().within(at(expected));
    }
    const LogBatch& batch = opened.value().batch;
    if (batch.first > expected) {
      return base::Error(base::Errc::NotFound, at(expected) + ": trimmed, the log begins at " +
                                                   std::to_string(batch.first));
    }
    if (batch.first < expected || batch.previous != out.end.chain) {
      return history_differs(out.end.sequence);
    }
    for (std::size_t i = 0; i < batch.events.size(); ++i) {
      out.events.push_back({batch.first + i, batch.events[i]});
    }
    out.end = {batch.last(), opened.value().chain};
  }
  if (entries.empty() && head.position.sequence > cursor.sequence) {
    return base::Error(base::Errc::NotFound, at(cursor.sequence + 1) +
                                                 ": trimmed, the log ends at " +
                                                 std::to_string(head.position.sequence));
  }
  return out;
}

SnapshotHeader make_snapshot_header(const LogKey& key, const LogPosition& position,
                                    std::span<const std::uint8_t> content) {
  return {position, content.size(), sealed(key, kContentLabel, content)};
}

std::string encode(const LogKey& key, const SnapshotHeader& header) {
  base::ByteWriter writer;
  writer.u8(kVersion);
  writer.u64(header.position.sequence);
  writer.raw(header.position.chain);
  writer.u64(header.size_bytes);
  writer.raw(header.seal);
  return with_seal(key, kHeaderLabel, std::move(writer));
}

base::Result<SnapshotHeader> decode_snapshot_header(const LogKey& key,
                                                    std::span<const std::uint8_t> bytes) {
  const auto content = unseal(key, kHeaderLabel, bytes);
  if (!content.ok()) {
    return content.error().within("snapshot header");
  }
  base::ByteReader reader("snapshot header", content.value());
  if (const auto version = reader.u8("version"); version != kVersion) {
    reader.reject(base::Errc::Malformed, "version", std::to_string(version) + ", expected 1");
  }
  SnapshotHeader header;
  header.position.sequence = reader.u64("sequence");
  header.position.chain = read_digest(reader, "chain");
  header.size_bytes = reader.u64("size");
  if (header.size_bytes > EventLog::kSnapshotBytesMax) {
    reader.reject(base::Errc::LimitExceeded, "size",
                  std::to_string(header.size_bytes) + " exceeds " +
                      std::to_string(EventLog::kSnapshotBytesMax));
  }
  header.seal = read_digest(reader, "seal");
  if (auto status = reader.finish(); !status.ok()) {
    return status.error();
  }
  return header;
}

base::Status check_snapshot(const LogKey& key, const SnapshotHeader& header,
                            std::span<const std::uint8_t> content) {
  if (content.size() != header.size_bytes ||
      !crypto::equal(sealed(key, kContentLabel, content), header.seal)) {
    return base::Error(
        base::Errc::Unauthenticated,
        "snapshot at " + std::to_string(header.position.sequence) + ": altered or incomplete");
  }
  return {};
}

std::string format_fingerprint(const Fingerprint& fingerprint) {
  return "1 " + fingerprint.epoch.text() + " " + std::to_string(fingerprint.position.sequence) +
         " " + base::hex_encode(fingerprint.position.chain) + "\n";
}

base::Result<Fingerprint> parse_fingerprint(std::string_view text) {
  constexpr std::size_t kEpochAt = 2;
  constexpr std::size_t kSequenceAt = kEpochAt + 32 + 1;
  const base::Error malformed(base::Errc::Malformed,
                              "fingerprint: expected \"1 <epoch> <sequence> <chain>\"");
  if (text.size() < kSequenceAt + 1 + 1 + 64 + 1 || text.substr(0, 2) != "1 " ||
      text.back() != '\n') {
    return malformed;
  }
  const auto epoch = base::hex_decode(text.substr(kEpochAt, 32));
  const auto chain = base::hex_decode(text.substr(text.size() - 65, 64));
  const std::string_view number = text.substr(kSequenceAt, text.size() - 66 - kSequenceAt);
  Fingerprint out;
  const auto [end, code] =
      std::from_chars(number.data(), number.data() + number.size(), out.position.sequence);
  if (!epoch.ok() || !chain.ok() || code != std::errc() || end != number.data() + number.size()) {
    return malformed;
  }
  std::ranges::copy(epoch.value(), out.epoch.bytes.begin());
  std::ranges::copy(chain.value(), out.position.chain.begin());
  return format_fingerprint(out) == text ? base::Result<Fingerprint>(out) : malformed;
}

}  // namespace coordinator
