#include "overlay/device/nft.h"

#include <array>
#include <memory>
#include <utility>

#include <nftables/libnftables.h>
#include <nlohmann/json.hpp>

namespace device {
namespace {

using Json = nlohmann::json;

struct ContextFree {
  void operator()(nft_ctx* context) const { nft_ctx_free(context); }
};
using Context = std::unique_ptr<nft_ctx, ContextFree>;

// Our chains stand a little before everybody's `filter`: a clamp must precede an accept.
constexpr std::string_view kChains = R"(
  chain input {
    type filter hook input priority filter - 5; policy accept;
    iifname "lo" accept
    iifname "ls*" accept
    ip saddr @exempt4 accept
    ip6 saddr @exempt6 accept
    ip saddr @overlay4 drop
    ip6 saddr @overlay6 drop
  }
  chain forward {
    type filter hook forward priority filter - 5; policy accept;
    oifname "ls*" tcp flags syn tcp option maxseg size set rt mtu
    iifname "ls*" accept
    ip saddr @exempt4 accept
    ip6 saddr @exempt6 accept
    ip saddr @overlay4 drop
    ip6 saddr @overlay6 drop
  }
  chain output {
    type filter hook output priority filter - 5; policy accept;
    oifname "ls*" tcp flags syn tcp option maxseg size set rt mtu
  }
)";
constexpr std::size_t kRules = 13;
constexpr std::size_t kChainCount = 3;

std::string format_set(std::string_view name, const std::set<base::Prefix>& prefixes,
                       base::Family family) {
  std::string elements;
  for (const auto& prefix : prefixes) {
    if (prefix.family() == family) {
      elements += (elements.empty() ? "" : ", ") + prefix.text();
    }
  }
  const bool is_v4 = family == base::Family::V4;
  return "  set " + std::string(name) + (is_v4 ? "4" : "6") + " {\n    type " +
         (is_v4 ? "ipv4_addr" : "ipv6_addr") + "; flags interval;\n" +
         (elements.empty() ? "" : "    elements = { " + elements + " }\n") + "  }\n";
}

const Json* find(const Json& object, std::string_view key) {
  if (!object.is_object()) {
    return nullptr;
  }
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

std::string text_at(const Json& object, std::string_view key) {
  const auto* value = find(object, key);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

// "10.0.0.1" or {"prefix": {"addr": "10.0.0.0", "len": 8}}; nothing for a range.
std::optional<base::Prefix> element_of(const Json& element) {
  std::string text;
  std::int64_t length = -1;
  if (element.is_string()) {
    text = element.get<std::string>();
  } else if (const auto* prefix = find(element, "prefix"); prefix != nullptr) {
    text = text_at(*prefix, "addr");
    const auto* bits = find(*prefix, "len");
    length = bits != nullptr && bits->is_number_integer() ? bits->get<std::int64_t>() : 255;
  }
  const auto address = base::Address::parse(text);
  if (!address.ok() || length > address.value().bits()) {
    return std::nullopt;
  }
  return base::Prefix(address.value(),
                      length < 0 ? address.value().bits() : static_cast<std::uint8_t>(length));
}

bool read_set(const Json& set, base::Firewall& firewall) {
  const auto name = text_at(set, "name");
  const bool is_overlay = name == "overlay4" || name == "overlay6";
  if (!is_overlay && name != "exempt4" && name != "exempt6") {
    return false;
  }
  const auto* elements = find(set, "elem");
  if (elements == nullptr) {
    return true;
  }
  for (const auto& element : *elements) {
    const auto prefix = element_of(element);
    if (!prefix.has_value()) {
      return false;
    }
    (is_overlay ? firewall.overlay : firewall.exempt).insert(*prefix);
  }
  return true;
}

// Runs a command; the text is nft's output.
base::Result<std::string> run_nft(const std::string& command, bool is_json) {
  const Context context(nft_ctx_new(NFT_CTX_DEFAULT));
  if (context == nullptr || nft_ctx_buffer_output(context.get()) != 0 ||
      nft_ctx_buffer_error(context.get()) != 0) {
    return base::Error(base::Errc::Unavailable, "nft: no context");
  }
  if (is_json) {
    nft_ctx_output_set_flags(context.get(), NFT_CTX_OUTPUT_JSON);
  }
  if (nft_run_cmd_from_buffer(context.get(), command.c_str()) != 0) {
    std::string text = nft_ctx_get_error_buffer(context.get());
    const bool is_missing = text.find("No such file or directory") != std::string::npos;
    text = text.substr(0, text.find('\n'));
    return base::Error(is_missing ? base::Errc::NotFound : base::Errc::Unavailable, "nft: " + text);
  }
  return std::string(nft_ctx_get_output_buffer(context.get()));
}

}  // namespace

std::string format_firewall(const base::Firewall& firewall) {
  const std::string table = "table inet " + std::string(base::kFirewallTable);
  // Adding first makes the deletion succeed whether it was there or not; one transaction.
  std::string text = table + "\ndelete " + table + "\n" + table + " {\n";
  text += format_set("overlay", firewall.overlay, base::Family::V4);
  text += format_set("overlay", firewall.overlay, base::Family::V6);
  text += format_set("exempt", firewall.exempt, base::Family::V4);
  text += format_set("exempt", firewall.exempt, base::Family::V6);
  return text + std::string(kChains).substr(1) + "}\n";
}

base::Result<std::optional<base::Firewall>> parse_firewall(std::string_view json) {
  const auto document = Json::parse(json, nullptr, false);
  const auto* objects = find(document, "nftables");
  if (objects == nullptr || !objects->is_array()) {
    return base::Error(base::Errc::Malformed, "nft list: no array `nftables`");
  }
  base::Firewall firewall;
  std::size_t sets = 0;
  std::size_t chains = 0;
  std::size_t rules = 0;
  bool is_ours = true;
  for (const auto& object : *objects) {
    if (const auto* set = find(object, "set"); set != nullptr) {
      is_ours = read_set(*set, firewall) && is_ours;
      ++sets;
    }
    chains += find(object, "chain") != nullptr ? 1U : 0U;
    rules += find(object, "rule") != nullptr ? 1U : 0U;
  }
  if (!is_ours || sets != 4 || chains != kChainCount || rules != kRules) {
    return std::optional<base::Firewall>();
  }
  return std::optional<base::Firewall>(std::move(firewall));
}

base::Result<std::optional<base::Firewall>> read_firewall() {
  const auto text = run_nft("list table inet " + std::string(base::kFirewallTable), true);
  if (!text.ok()) {
    if (text.error().code() == base::Errc::NotFound) {
      return std::optional<base::Firewall>();
    }
    return text.error();
  }
  return parse_firewall(text.value());
}

base::Result<bool> is_firewall_there() {
  const auto text = run_nft("list table inet " + std::string(base::kFirewallTable), false);
  if (!text.ok() && text.error().code() != base::Errc::NotFound) {
    return text.error();
  }
  return text.ok();
}

base::Status set_firewall(const base::Firewall& firewall) {
  const auto result = run_nft(format_firewall(firewall), false);
  return result.ok() ? base::Status() : result.error();
}

base::Status remove_firewall() {
  const auto result = run_nft("delete table inet " + std::string(base::kFirewallTable), false);
  return result.ok() || result.error().code() == base::Errc::NotFound ? base::Status()
                                                                      : result.error();
}

}  // namespace device
