#include "overlay/model/view_changes.h"

#include <algorithm>
#include <map>
#include <string>

#include <zstd.h>

#include "overlay/base/bytes.h"
#include "overlay/base/check.h"
#include "overlay/model/view_frame.h"

namespace model {
namespace {

using base::Errc;

constexpr std::uint8_t kOpUpsert = 1;
constexpr std::uint8_t kOpRemove = 2;
constexpr int kZstdLevel = 3;  // the library's default; more costs CPU per view and saves few bytes

FactKey read_key(base::ByteReader& reader) {
  const std::uint8_t kind = reader.u8("kind");
  if (kind < 1 || kind > 5) {
    reader.reject(Errc::Malformed, "kind", std::to_string(kind) + ", expected 1..5");
  }
  return FactKey{static_cast<FactKind>(kind), reader.u64("id")};
}

FactChange read_upsert(base::ByteReader& reader) {
  const std::uint32_t size = reader.u32("size");
  if (size > kFactBytesMax) {
    reader.reject(Errc::Malformed, "size",
                  std::to_string(size) + ", at most " + std::to_string(kFactBytesMax));
    return {};
  }
  const auto bytes = reader.take("fact", size);
  if (reader.failed()) {
    return {};
  }
  auto fact = decode_fact(bytes);
  if (!fact.ok()) {
    reader.reject(fact.error().code(), "in", fact.error().text());
    return {};
  }
  return upsert(std::move(fact).value());
}

FactChange read_change(base::ByteReader& reader) {
  const std::uint8_t op = reader.u8("op");
  if (op == kOpUpsert) {
    return read_upsert(reader);
  }
  if (op != kOpRemove) {
    reader.reject(Errc::Malformed, "op", std::to_string(op) + ", expected 1 or 2");
  }
  return removal(read_key(reader));
}

base::Result<std::vector<std::uint8_t>> decompress(std::span<const std::uint8_t> bytes,
                                                   std::uint32_t size_bytes) {
  std::vector<std::uint8_t> raw(size_bytes);
  const std::size_t written = ZSTD_decompress(raw.data(), raw.size(), bytes.data(), bytes.size());
  if (ZSTD_isError(written) != 0) {
    return base::Error(Errc::Malformed, std::string("zstd: ") + ZSTD_getErrorName(written));
  }
  if (written != size_bytes) {
    return base::Error(Errc::Malformed, "zstd: " + std::to_string(written) + " bytes, expected " +
                                            std::to_string(size_bytes));
  }
  return raw;
}

base::Error too_large(std::size_t size) {
  return base::Error(
      Errc::LimitExceeded,
      "changes of " + std::to_string(size) + " bytes, at most " + std::to_string(kChangesBytesMax));
}

}  // namespace

std::vector<std::uint8_t> encode_changes(std::span<const FactChange> changes) {
  base::ByteWriter writer;
  const FactChange* before = nullptr;
  for (const FactChange& change : changes) {
    CHECK(before == nullptr || before->key < change.key);
    before = &change;
    if (!change.fact.has_value()) {
      writer.u8(kOpRemove);
      writer.u8(static_cast<std::uint8_t>(change.key.kind));
      writer.u64(change.key.id);
      continue;
    }
    const auto bytes = encode(*change.fact);
    CHECK(key_of(*change.fact) == change.key && bytes.size() <= kFactBytesMax);
    writer.u8(kOpUpsert);
    writer.u32(static_cast<std::uint32_t>(bytes.size()));
    writer.raw(bytes);
  }
  return std::move(writer).bytes();
}

base::Result<std::vector<FactChange>> decode_changes(std::span<const std::uint8_t> bytes) {
  base::ByteReader reader("changes", bytes);
  std::vector<FactChange> changes;
  while (reader.remaining() > 0) {
    FactChange change = read_change(reader);
    if (!changes.empty() && !(changes.back().key < change.key)) {
      reader.reject(Errc::Malformed, "change",
                    "of " + change.key.text() + " after " + changes.back().key.text());
    }
    changes.push_back(std::move(change));
  }
  if (const auto status = reader.finish(); !status.ok()) {
    return status.error();
  }
  return changes;
}

base::Result<PackedChanges> pack_changes(std::span<const FactChange> changes) {
  PackedChanges packed;
  packed.bytes = encode_changes(changes);
  if (packed.bytes.size() > kChangesBytesMax) {
    return too_large(packed.bytes.size());
  }
  packed.size_bytes = static_cast<std::uint32_t>(packed.bytes.size());
  if (packed.bytes.size() < kCompressBytesMin) {
    return packed;
  }
  std::vector<std::uint8_t> compressed(ZSTD_compressBound(packed.bytes.size()));
  const std::size_t written = ZSTD_compress(compressed.data(), compressed.size(),
                                            packed.bytes.data(), packed.bytes.size(), kZstdLevel);
  CHECK(ZSTD_isError(written) == 0);
  if (written < packed.bytes.size()) {
    compressed.resize(written);
    packed.bytes = std::move(compressed);
    packed.is_compressed = true;
  }
  return packed;
}

base::Result<std::vector<FactChange>> unpack_changes(std::span<const std::uint8_t> bytes,
                                                     bool is_compressed, std::uint32_t size_bytes) {
  if (size_bytes > kChangesBytesMax) {
    return too_large(size_bytes);
  }
  if (!is_compressed) {
    if (bytes.size() != size_bytes) {
      return base::Error(Errc::Malformed, "changes of " + std::to_string(bytes.size()) +
                                              " bytes, expected " + std::to_string(size_bytes));
    }
    return decode_changes(bytes);
  }
  const auto raw = decompress(bytes, size_bytes);
  if (!raw.ok()) {
    return raw.error();
  }
  return decode_changes(raw.value());
}

void sort_changes(std::vector<FactChange>& changes) {
  std::map<FactKey, FactChange> latest;
  for (FactChange& change : changes) {
    const FactKey key = change.key;
    latest.insert_or_assign(key, std::move(change));
  }
  changes.clear();
  for (auto& [key, change] : latest) {
    if (change.fact.has_value()) {
      canonicalise(*change.fact);
    }
    changes.push_back(std::move(change));
  }
}

}  // namespace model
