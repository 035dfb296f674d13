// Addresses, prefixes and endpoints of both families. Values: cheap to copy, ordered, hashable by
// their bytes; text forms are RFC 5952 for IPv6 and dotted decimal for IPv4.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "overlay/base/result.h"

namespace base {

enum class Family : std::uint8_t { V4 = 4, V6 = 6 };

class Address {
 public:
  Address() = default;  // 0.0.0.0

  static Address v4(std::uint32_t host_order);
  static Address v6(const std::array<std::uint8_t, 16>& bytes);
  // Errors: Malformed, with the text that was given.
  static Result<Address> parse(std::string_view text);

  Family family() const { return family_; }
  bool is_v4() const { return family_ == Family::V4; }
  std::uint8_t bits() const { return is_v4() ? 32 : 128; }

  // Network order; 4 or 16 bytes.
  std::span<const std::uint8_t> bytes() const { return {bytes_.data(), is_v4() ? 4U : 16U}; }

  bool is_unspecified() const;
  bool is_loopback() const;    // 127.0.0.0/8, ::1
  bool is_link_local() const;  // 169.254.0.0/16, fe80::/10

  // This address plus `offset`, without leaving the family's space (wraps).
  Address plus(std::uint64_t offset) const;

  std::string text() const;

  friend auto operator<=>(const Address&, const Address&) = default;

 private:
  Family family_ = Family::V4;
  std::array<std::uint8_t, 16> bytes_{};  // unused bytes are zero
};

// A network in CIDR form; bits past `length` are always zero.
class Prefix {
 public:
  Prefix() = default;  // 0.0.0.0/0

  // Clears host bits. Requires length <= address.bits().
  Prefix(Address address, std::uint8_t length);
  static Prefix host(Address address) { return Prefix(address, address.bits()); }
  // Errors: Malformed: not CIDR, a length over the family's, host bits set.
  static Result<Prefix> parse(std::string_view text);

  const Address& address() const { return address_; }
  std::uint8_t length() const { return length_; }
  Family family() const { return address_.family(); }
  bool is_host() const { return length_ == address_.bits(); }

  bool contains(const Address& address) const;
  bool contains(const Prefix& other) const;
  bool overlaps(const Prefix& other) const;

  // Number of addresses, saturating at 2^63.
  std::uint64_t size() const;

  std::string text() const;

  friend auto operator<=>(const Prefix&, const Prefix&) = default;

 private:
  Address address_;
  std::uint8_t length_ = 0;
};

struct Endpoint {
  Address address;
  std::uint16_t port = 0;

  // "192.0.2.7:51820", "[2001:db8::7]:51820". Errors: Malformed.
  static Result<Endpoint> parse(std::string_view text);
  std::string text() const;

  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

}  // namespace base
