// Encoder and Decoder for the lists in fields.h. Private to this folder.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coordinator/domain/fields.h"
#include "overlay/base/bytes.h"
#include "overlay/base/check.h"

namespace coordinator {

// Ids: a struct whose only member is `value`.
template <typename T>
concept Id = requires(T id) {
  { id.value } -> std::convertible_to<std::uint64_t>;
}
&&!requires(T id) {
  id.unix_ms;
};

inline constexpr std::size_t kListMax = 64;  // above every limit on a list of records.h
inline constexpr std::uint64_t kUnixMsMax = std::uint64_t{1} << 53;

class Encoder {
 public:
  template <typename T>
  void operator()(std::string_view, const T& value) {
    put(value);
  }

  std::vector<std::uint8_t> bytes() && { return std::move(writer_).bytes(); }
  base::ByteWriter& writer() { return writer_; }

 private:
  void put(bool value) { writer_.u8(value ? 1 : 0); }
  void put(std::uint8_t value) { writer_.u8(value); }
  void put(std::uint16_t value) { writer_.u16(value); }
  void put(std::uint32_t value) { writer_.u32(value); }
  void put(std::uint64_t value) { writer_.u64(value); }
  void put(base::WallTime value) {
    // Before 1970 only a broken clock can be; the decoder takes no such time.
    writer_.u64(static_cast<std::uint64_t>(std::max<std::int64_t>(value.unix_ms, 0)));
  }
  void put(const std::string& text) { writer_.text16(text); }
  template <typename T>
  requires std::is_enum_v<T>
  void put(T value) { writer_.u8(static_cast<std::uint8_t>(value)); }
  template <Id T>
  void put(const T& id) {
    put(id.value);
  }
  template <std::size_t N>
  void put(const std::array<std::uint8_t, N>& bytes) {
    writer_.raw(bytes);
  }
  void put(const crypto::IdentityPublicKey& key) { writer_.raw(key.bytes); }
  void put(const crypto::WireguardPublicKey& key) { writer_.raw(key.bytes); }
  void put(const base::Address& address) {
    writer_.u8(static_cast<std::uint8_t>(address.family()));
    writer_.raw(address.bytes());
  }
  void put(const base::Prefix& prefix) {
    put(prefix.address());
    writer_.u8(prefix.length());
  }
  void put(const base::Endpoint& endpoint) {
    put(endpoint.address);
    writer_.u16(endpoint.port);
  }
  template <typename T>
  void put(const std::vector<T>& list) {
    CHECK(list.size() <= kListMax);
    writer_.u16(static_cast<std::uint16_t>(list.size()));
    for (const T& item : list) {
      put(item);
    }
  }
  void put(const Labels& labels) {
    CHECK(labels.size() <= kListMax);
    writer_.u16(static_cast<std::uint16_t>(labels.size()));
    for (const auto& [name, value] : labels) {
      put(name);
      put(value);
    }
  }
  template <typename T>
  requires requires(Encoder& encoder, const T& value) { fields(encoder, value); }
  void put(const T& value) { fields(*this, value); }

  base::ByteWriter writer_;
};

// Sticky like ByteReader: read everything, then ask reader().finish().
class Decoder {
 public:
  Decoder(std::string_view what, std::span<const std::uint8_t> bytes) : reader_(what, bytes) {}

  template <typename T>
  void operator()(std::string_view field, T& value) {
    get(field, value);
  }

  base::ByteReader& reader() { return reader_; }
  bool failed() const { return reader_.failed(); }

 private:
  void refuse(std::string_view field, std::uint64_t value, std::string_view expected) {
    reader_.reject(base::Errc::Malformed, field,
                   std::to_string(value) + ", expected " + std::string(expected));
  }

  void get(std::string_view field, bool& value) {
    const std::uint8_t byte = reader_.u8(field);
    value = byte == 1;
    if (byte > 1) {
      refuse(field, byte, "0 or 1");
    }
  }
  void get(std::string_view field, std::uint8_t& value) { value = reader_.u8(field); }
  void get(std::string_view field, std::uint16_t& value) { value = reader_.u16(field); }
  void get(std::string_view field, std::uint32_t& value) { value = reader_.u32(field); }
  void get(std::string_view field, std::uint64_t& value) { value = reader_.u64(field); }
  void get(std::string_view field, base::WallTime& value) {
    const std::uint64_t unix_ms = reader_.u64(field);
    if (unix_ms > kUnixMsMax) {
      refuse(field, unix_ms, "at most 2^53 ms");
      return;
    }
    value.unix_ms = static_cast<std::int64_t>(unix_ms);
  }
  void get(std::string_view field, std::string& text) {
    text = reader_.text16(field, kTextBytesMax);
  }
  template <typename T>
  requires std::is_enum_v<T>
  void get(std::string_view field, T& value) {
    const std::uint8_t byte = reader_.u8(field);
    if (byte < least(T{}) || byte > greatest(T{})) {
      refuse(field, byte, std::to_string(least(T{})) + ".." + std::to_string(greatest(T{})));
      return;
    }
    value = static_cast<T>(byte);
  }
  template <Id T>
  void get(std::string_view field, T& id) {
    get(field, id.value);
  }
  template <std::size_t N>
  void get(std::string_view field, std::array<std::uint8_t, N>& bytes) {
    const auto taken = reader_.take(field, N);
    if (taken.size() == N) {
      std::ranges::copy(taken, bytes.begin());
    }
  }
  void get(std::string_view field, crypto::IdentityPublicKey& key) { get(field, key.bytes); }
  void get(std::string_view field, crypto::WireguardPublicKey& key) { get(field, key.bytes); }
  void get(std::string_view field, base::Address& address) {
    const std::uint8_t family = reader_.u8(field);
    if (family == 4) {
      address = base::Address::v4(reader_.u32(field));
    } else if (family == 6) {
      std::array<std::uint8_t, 16> bytes{};
      get(field, bytes);
      address = base::Address::v6(bytes);
    } else {
      refuse(field, family, "family 4 or 6");
    }
  }
  void get(std::string_view field, base::Prefix& prefix) {
    base::Address address;
    get(field, address);
    const std::uint8_t length = reader_.u8(field);
    if (reader_.failed()) {
      return;
    }
    if (length > address.bits()) {
      refuse(field, length, "a length of at most " + std::to_string(address.bits()));
      return;
    }
    prefix = base::Prefix(address, length);
    if (prefix.address() != address) {
      refuse(field, length, "no host bits set");
    }
  }
  void get(std::string_view field, base::Endpoint& endpoint) {
    get(field, endpoint.address);
    endpoint.port = reader_.u16(field);
  }
  template <typename T>
  void get(std::string_view field, std::vector<T>& list) {
    const std::size_t count = list_count(field);
    list.clear();
    for (std::size_t i = 0; i < count && !reader_.failed(); ++i) {
      get(field, list.emplace_back());
    }
  }
  void get(std::string_view field, Labels& labels) {
    const std::size_t count = list_count(field);
    labels.clear();
    for (std::size_t i = 0; i < count && !reader_.failed(); ++i) {
      std::pair<std::string, std::string> label;
      get(field, label.first);
      get(field, label.second);
      if (!labels.empty() && label.first <= labels.rbegin()->first) {
        reader_.reject(base::Errc::Malformed, field, "not in ascending order");
      }
      labels.insert(labels.end(), std::move(label));
    }
  }
  template <typename T>
  requires requires(Decoder& decoder, T& value) { fields(decoder, value); }
  void get(std::string_view, T& value) { fields(*this, value); }

  std::size_t list_count(std::string_view field) {
    const std::uint16_t count = reader_.u16(field);
    if (count > kListMax) {
      refuse(field, count, "at most " + std::to_string(kListMax));
      return 0;
    }
    return count;
  }

  static std::uint8_t least(SubjectKind) { return 0; }
  static std::uint8_t least(auto) { return 1; }
  static std::uint8_t greatest(model::Role) { return 3; }
  static std::uint8_t greatest(model::Topology) { return 2; }
  static std::uint8_t greatest(model::FactKind) { return 5; }
  static std::uint8_t greatest(KeyRole) { return 3; }
  static std::uint8_t greatest(SubjectKind) { return 6; }

  base::ByteReader reader_;
};

static_assert(kPrefixesMax <= kListMax && kEndpointsMax <= kListMax && kSourcesMax <= kListMax &&
              kLabelsMax <= kListMax);

}  // namespace coordinator
