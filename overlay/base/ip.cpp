#include "overlay/base/ip.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>

#include <arpa/inet.h>

namespace base {
namespace {

constexpr std::size_t kTextMax = 64;  // longer than any address, prefix or endpoint

Error malformed(std::string_view text, std::string_view expected) {
  return Error(Errc::Malformed, "\"" + std::string(text.substr(0, kTextMax)) + "\", expected " +
                                    std::string(expected));
}

// Whole-string decimal without sign or leading zeros.
Result<std::uint32_t> parse_number(std::string_view text, std::uint32_t max) {
  std::uint32_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size() || value > max ||
      (text.size() > 1 && text.front() == '0')) {
    return malformed(text, "a number in 0.." + std::to_string(max));
  }
  return value;
}

void clear_host_bits(std::span<std::uint8_t> bytes, std::uint8_t length) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::size_t first_bit = i * 8;
    if (first_bit >= length) {
      bytes[i] = 0;
    } else if (length - first_bit < 8) {
      bytes[i] &= static_cast<std::uint8_t>(0xffU << (8 - (length - first_bit)));
    }
  }
}

}  // namespace

Address Address::v4(std::uint32_t host_order) {
  Address address;
  for (std::size_t i = 0; i < 4; ++i) {
    address.bytes_[i] = static_cast<std::uint8_t>(host_order >> (24 - 8 * i));
  }
  return address;
}

Address Address::v6(const std::array<std::uint8_t, 16>& bytes) {
  Address address;
  address.family_ = Family::V6;
  address.bytes_ = bytes;
  return address;
}

Result<Address> Address::parse(std::string_view text) {
  if (text.size() < kTextMax && text.find('\0') == std::string_view::npos) {
    const std::string terminated(text);
    Address address;
    if (inet_pton(AF_INET, terminated.c_str(), address.bytes_.data()) == 1) {
      return address;
    }
    address.family_ = Family::V6;
    if (inet_pton(AF_INET6, terminated.c_str(), address.bytes_.data()) == 1) {
      return address;
    }
  }
  return malformed(text, "an IPv4 or IPv6 address");
}

bool Address::is_unspecified() const {
  return std::ranges::all_of(bytes_, [](std::uint8_t byte) { return byte == 0; });
}

bool Address::is_loopback() const {
  return is_v4() ? bytes_[0] == 127 : *this == v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
}

bool Address::is_link_local() const {
  return is_v4() ? bytes_[0] == 169 && bytes_[1] == 254
                 : bytes_[0] == 0xfe && (bytes_[1] & 0xc0U) == 0x80;
}

Address Address::plus(std::uint64_t offset) const {
  Address sum = *this;
  std::uint64_t carry = offset;
  for (std::size_t i = bytes().size(); i-- > 0 && carry != 0;) {
    const std::uint64_t digit = sum.bytes_[i] + (carry & 0xffU);
    sum.bytes_[i] = static_cast<std::uint8_t>(digit);
    carry = (carry >> 8) + (digit >> 8);
  }
  return sum;
}

std::string Address::text() const {
  char buffer[INET6_ADDRSTRLEN] = {};
  const char* text = inet_ntop(is_v4() ? AF_INET : AF_INET6, bytes_.data(), buffer, sizeof buffer);
  CHECK(text != nullptr);
  return text;
}

Prefix::Prefix(Address address, std::uint8_t length) : length_(length) {
  CHECK(length <= address.bits());
  std::array<std::uint8_t, 16> bytes{};
  std::ranges::copy(address.bytes(), bytes.begin());
  clear_host_bits(std::span(bytes).first(address.bytes().size()), length);
  if (address.is_v4()) {
    address_ = Address::v4(static_cast<std::uint32_t>(bytes[0]) << 24 |
                           static_cast<std::uint32_t>(bytes[1]) << 16 |
                           static_cast<std::uint32_t>(bytes[2]) << 8 | bytes[3]);
  } else {
    address_ = Address::v6(bytes);
  }
}

Result<Prefix> Prefix::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) {
    return malformed(text, "a prefix like 10.0.0.0/8");
  }
  const auto address = Address::parse(text.substr(0, slash));
  if (!address.ok()) {
    return address.error();
  }
  const auto length = parse_number(text.substr(slash + 1), address.value().bits());
  if (!length.ok()) {
    return length.error().within("prefix length");
  }
  const Prefix prefix(address.value(), static_cast<std::uint8_t>(length.value()));
  if (prefix.address() != address.value()) {
    return Error(Errc::Malformed,
                 "\"" + std::string(text) + "\" has host bits set, expected " + prefix.text());
  }
  return prefix;
}

bool Prefix::contains(const Address& address) const {
  return address.family() == family() && Prefix(address, length_).address_ == address_;
}

bool Prefix::contains(const Prefix& other) const {
  return other.length_ >= length_ && contains(other.address_);
}

bool Prefix::overlaps(const Prefix& other) const {
  return contains(other) || other.contains(*this);
}

std::uint64_t Prefix::size() const {
  const unsigned host_bits = address_.bits() - length_;
  return std::uint64_t{1} << std::min(host_bits, 63U);
}

std::string Prefix::text() const {
  return address_.text() + "/" + std::to_string(length_);
}

Result<Endpoint> Endpoint::parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return malformed(text, "ADDRESS:PORT");
  }
  std::string_view host = text.substr(0, colon);
  const bool is_bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (is_bracketed) {
    host = host.substr(1, host.size() - 2);
  }
  const auto address = Address::parse(host);
  if (!address.ok() || is_bracketed == address.value().is_v4()) {
    return malformed(text, "ADDRESS:PORT or [ADDRESS]:PORT");
  }
  const auto port = parse_number(text.substr(colon + 1), std::numeric_limits<std::uint16_t>::max());
  if (!port.ok()) {
    return port.error().within("port");
  }
  return Endpoint{address.value(), static_cast<std::uint16_t>(port.value())};
}

std::string Endpoint::text() const {
  const std::string host = address.is_v4() ? address.text() : "[" + address.text() + "]";
  return host + ":" + std::to_string(port);
}

}  // namespace base
