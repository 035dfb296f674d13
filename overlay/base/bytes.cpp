#include "overlay/base/bytes.h"

namespace base {

std::span<const std::uint8_t> ByteReader::take(std::string_view field, std::size_t size) {
  if (failed()) {
    return {};
  }
  field_offset_ = offset_;
  const std::size_t left = bytes_.size() - offset_;
  if (size > left) {
    reject(Errc::Truncated, field,
           "needs " + std::to_string(size) + " bytes, " + std::to_string(left) + " left");
    return {};
  }
  const auto taken = bytes_.subspan(offset_, size);
  offset_ += size;
  return taken;
}

std::uint64_t ByteReader::number(std::string_view field, std::size_t size) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : take(field, size)) {
    value = value << 8 | byte;
  }
  return value;
}

std::string ByteReader::text16(std::string_view field, std::size_t size_max) {
  const std::size_t size = u16(field);
  if (size > size_max) {
    reject(Errc::Malformed, field,
           std::to_string(size) + " bytes, at most " + std::to_string(size_max));
    return {};
  }
  return std::string(as_text(take(field, size)));
}

void ByteReader::reject(Errc code, std::string_view field, std::string_view text) {
  if (!failed()) {
    failure_ = Error(code, std::string(what_) + ": offset " + std::to_string(field_offset_) + ": " +
                               std::string(field) + " " + std::string(text));
  }
}

Status ByteReader::finish() const {
  if (failed()) {
    return *failure_;
  }
  if (offset_ < bytes_.size()) {
    return Error(Errc::Malformed, std::string(what_) + ": " +
                                      std::to_string(bytes_.size() - offset_) +
                                      " bytes after the end at offset " + std::to_string(offset_));
  }
  return {};
}

void ByteWriter::raw(std::span<const std::uint8_t> bytes) {
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
}

void ByteWriter::text16(std::string_view text) {
  CHECK(text.size() <= 0xffff);
  u16(static_cast<std::uint16_t>(text.size()));
  raw(as_bytes(text));
}

void ByteWriter::number(std::uint64_t value, std::size_t size) {
  for (std::size_t i = size; i-- > 0;) {
    bytes_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
}

}  // namespace base
