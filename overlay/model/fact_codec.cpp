// The byte form of facts (PROTOCOL.md, 6). Reading checks form, check_fact() checks meaning.
#include <algorithm>
#include <string>

#include "overlay/base/bytes.h"
#include "overlay/base/check.h"
#include "overlay/model/facts.h"
#include "overlay/model/names.h"

namespace model {
namespace {

using base::ByteReader;
using base::ByteWriter;
using base::Errc;

void write(ByteWriter& writer, const base::Address& address) {
  writer.u8(static_cast<std::uint8_t>(address.family()));
  writer.raw(address.bytes());
}
void write(ByteWriter& writer, const base::Prefix& prefix) {
  write(writer, prefix.address());
  writer.u8(prefix.length());
}
void write(ByteWriter& writer, const base::Endpoint& endpoint) {
  write(writer, endpoint.address);
  writer.u16(endpoint.port);
}
void write(ByteWriter& writer, const std::string& text) {
  writer.text16(text);
}

template <typename T>
void write(ByteWriter& writer, const std::vector<T>& values) {
  writer.u8(static_cast<std::uint8_t>(values.size()));
  for (const T& value : values) {
    write(writer, value);
  }
}

void read(ByteReader& reader, std::string_view field, base::Address& address) {
  const std::uint8_t family = reader.u8(field);
  if (family != 4 && family != 6) {
    reader.reject(Errc::Malformed, field, "family " + std::to_string(family) + ", expected 4 or 6");
    return;
  }
  const auto bytes = reader.take(field, family == 4 ? 4 : 16);
  if (reader.failed()) {
    return;
  }
  if (family == 4) {
    address = base::Address::v4(static_cast<std::uint32_t>(bytes[0]) << 24 |
                                static_cast<std::uint32_t>(bytes[1]) << 16 |
                                static_cast<std::uint32_t>(bytes[2]) << 8 | bytes[3]);
  } else {
    std::array<std::uint8_t, 16> all{};
    std::ranges::copy(bytes, all.begin());
    address = base::Address::v6(all);
  }
}

void read(ByteReader& reader, std::string_view field, base::Prefix& prefix) {
  base::Address address;
  read(reader, field, address);
  const std::uint8_t length = reader.u8(field);
  if (length > address.bits()) {
    reader.reject(
        Errc::Malformed, field,
        "length " + std::to_string(length) + " exceeds " + std::to_string(address.bits()));
    return;
  }
  prefix = base::Prefix(address, length);
  if (prefix.address() != address) {
    reader.reject(
        Errc::Malformed, field,
        "length " + std::to_string(length) + " leaves host bits set in " + address.text());
  }
}

void read(ByteReader& reader, std::string_view field, base::Endpoint& endpoint) {
  read(reader, field, endpoint.address);
  endpoint.port = reader.u16(field);
}

void read(ByteReader& reader, std::string_view field, std::string& text) {
  text = reader.text16(field, kSourceBytesMax);
}

template <typename T>
void read(ByteReader& reader, std::string_view field, std::vector<T>& values) {
  const std::uint8_t count = reader.u8(field);
  for (std::uint8_t i = 0; i < count && !reader.failed(); ++i) {
    T value{};
    read(reader, field, value);
    values.push_back(std::move(value));
  }
}

bool read_flag(ByteReader& reader, std::string_view field) {
  const std::uint8_t flag = reader.u8(field);
  if (flag > 1) {
    reader.reject(Errc::Malformed, field, std::to_string(flag) + ", expected 0 or 1");
  }
  return flag == 1;
}

struct Encoder {
  ByteWriter& writer;

  void operator()(const NetworkFact& fact) const {
    writer.u32(fact.id.value);
    writer.text16(fact.name);
    writer.u8(static_cast<std::uint8_t>(fact.topology));
    write(writer, fact.prefixes);
    write(writer, fact.pod_prefixes);
    writer.u16(fact.mtu);
    writer.u16(fact.keepalive_s);
  }
  void operator()(const SiteFact& fact) const {
    writer.u32(fact.id.value);
    writer.text16(fact.name);
    write(writer, fact.prefixes);
    write(writer, fact.pod_prefixes);
    writer.u8(fact.is_lan_native ? 1 : 0);
  }
  void operator()(const NodeFact& fact) const {
    writer.u64(fact.id.value);
    writer.u32(fact.site.value);
    writer.text16(fact.name);
    writer.u8(static_cast<std::uint8_t>(fact.role));
    writer.raw(fact.key.bytes);
    write(writer, fact.addresses);
    write(writer, fact.pods);
    writer.u16(fact.listen_port);
    write(writer, fact.lan_addresses);
    write(writer, fact.public_endpoints);
  }
  void operator()(const GatewayFact& fact) const {
    writer.u64(fact.node.value);
    writer.u32(fact.site.value);
    writer.u8(fact.rank);
  }
  void operator()(const ReplicaFact& fact) const {
    writer.u32(fact.id.value);
    writer.u32(fact.site.value);
    writer.text16(fact.url);
    write(writer, fact.sources);
  }
};

NetworkFact read_network(ByteReader& reader) {
  NetworkFact fact;
  fact.id.value = reader.u32("id");
  fact.name = reader.text16("name", kNameBytesMax);
  fact.topology = static_cast<Topology>(reader.u8("topology"));
  read(reader, "prefixes", fact.prefixes);
  read(reader, "pod_prefixes", fact.pod_prefixes);
  fact.mtu = reader.u16("mtu");
  fact.keepalive_s = reader.u16("keepalive_s");
  return fact;
}

SiteFact read_site(ByteReader& reader) {
  SiteFact fact;
  fact.id.value = reader.u32("id");
  fact.name = reader.text16("name", kNameBytesMax);
  read(reader, "prefixes", fact.prefixes);
  read(reader, "pod_prefixes", fact.pod_prefixes);
  fact.is_lan_native = read_flag(reader, "is_lan_native");
  return fact;
}

NodeFact read_node(ByteReader& reader) {
  NodeFact fact;
  fact.id.value = reader.u64("id");
  fact.site.value = reader.u32("site");
  fact.name = reader.text16("name", kNameBytesMax);
  fact.role = static_cast<Role>(reader.u8("role"));
  std::ranges::copy(reader.take("key", fact.key.bytes.size()), fact.key.bytes.begin());
  read(reader, "addresses", fact.addresses);
  read(reader, "pods", fact.pods);
  fact.listen_port = reader.u16("listen_port");
  read(reader, "lan_addresses", fact.lan_addresses);
  read(reader, "public_endpoints", fact.public_endpoints);
  return fact;
}

GatewayFact read_gateway(ByteReader& reader) {
  GatewayFact fact;
  fact.node.value = reader.u64("node");
  fact.site.value = reader.u32("site");
  fact.rank = reader.u8("rank");
  return fact;
}

ReplicaFact read_replica(ByteReader& reader) {
  ReplicaFact fact;
  fact.id.value = reader.u32("id");
  fact.site.value = reader.u32("site");
  fact.url = reader.text16("url", kUrlBytesMax);
  read(reader, "sources", fact.sources);
  return fact;
}

Fact read_fact(ByteReader& reader) {
  const std::uint8_t kind = reader.u8("kind");
  switch (static_cast<FactKind>(kind)) {
    case FactKind::Network:
      return read_network(reader);
    case FactKind::Site:
      return read_site(reader);
    case FactKind::Node:
      return read_node(reader);
    case FactKind::Gateway:
      return read_gateway(reader);
    case FactKind::Replica:
      return read_replica(reader);
  }
  reader.reject(Errc::Malformed, "kind", std::to_string(kind) + ", expected 1..5");
  return {};
}

}  // namespace

std::vector<std::uint8_t> encode(const Fact& fact) {
  ByteWriter writer;
  writer.u8(static_cast<std::uint8_t>(key_of(fact).kind));
  std::visit(Encoder{writer}, fact);
  return std::move(writer).bytes();
}

base::Result<Fact> decode_fact(std::span<const std::uint8_t> bytes) {
  ByteReader reader("fact", bytes);
  Fact fact = read_fact(reader);
  if (const auto status = reader.finish(); !status.ok()) {
    return status.error();
  }
  if (const auto status = check_fact(fact); !status.ok()) {
    return status.error().within("fact");
  }
  return fact;
}

}  // namespace model
