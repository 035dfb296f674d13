#!/usr/bin/env bash
# Every host reaches every other on overlay addresses; between sites that takes the emulated time and little
# more; what crosses the WAN between sites is WireGuard's; and other sites are one prefix each.
source "$(dirname "$0")/lib.sh"

declare -A address
for host in $(joined_hosts); do address[$host]=$(overlay_address "$host"); done

claims "every host reaches every other"
reach_all() { # HOST
  local other
  for other in $(joined_hosts); do
    [ "$other" = "$1" ] || ping_ok "$1" "${address[$other]}" >/dev/null ||
      { echo "$1 does not reach $other at ${address[$other]}" >&2; return 1; }
  done
}
in_parallel reach_all $(joined_hosts)

claims "IPv6 on the overlay works too"
address6=$(in_host c-m1 linkspan status --json | jq -er '[.addresses[] | select(contains(":"))][0] | sub("/.*"; "")')
ping_ok a-m1 "$address6" >/dev/null

claims "between sites the round trip is the emulated one plus at most 3 ms"
for path in "${default_paths[@]}"; do
  read -r a b emulated_ms <<<"$path"
  [ "$b" != w ] || continue
  await 20 "$a to $b takes $emulated_ms ms" rtt_is "$a-m1" "${address[$b-m2]}" "$emulated_ms"
  say "  $a to $b: $(rtt_ms "$a-m1" "${address[$b-m2]}") ms, emulated $emulated_ms ms"
done

claims "a change of the WAN is a change of the overlay"
undo+=("wan_ctl set a b rtt_ms=12")
wan_ctl set a b rtt_ms=40 >/dev/null
await 20 "a to b takes 40 ms" rtt_is a-m1 "${address[b-m1]}" 40
wan_ctl set a b rtt_ms=12 >/dev/null

between_sites() { wan_ctl show | jq '[.pairs[] | select(.from != "w" and .to != "w")]'; }

claims "the bytes between sites are WireGuard's"
wireguard_bytes() { between_sites | jq '[.[].kinds.wireguard.bytes] | add'; }
# ARP is the WAN's own. While hosts were joining, a router may have answered a handshake that came too early
# with an ICMP error; nobody does now.
other_bytes() {
  between_sites | jq -c '
    [.[].kinds | to_entries[] | select(.key | IN("wireguard", "arp") | not) | .value.bytes] | add'
}
before=$(wireguard_bytes)
others_before=$(other_bytes)
in_host b-m1 sh -c 'iperf3 -s -1 -D >/dev/null'
in_host a-m1 iperf3 -c "${address[b-m1]}" -n 20M >/dev/null
carried=$(($(wireguard_bytes) - before))
[ "$carried" -ge 20000000 ] || fails "20 MB were sent, WireGuard carried $carried bytes"
expect_equal 0 $(($(other_bytes) - others_before))
expect_equal 0 "$(between_sites | jq '[.[].kinds | .tcp.bytes + .udp.bytes] | add')"

claims "other sites are one prefix each, not one a host"
routes=$(in_host a-m1 ip -4 route show table 7750)
say "  $(tr '\n' ';' <<<"$routes")"
remote=$(admin site list --json |
  jq -r '(.items? // .)[] | select(.name != "a") | .prefixes[] | select(contains(":") | not)')
for prefix in $remote; do expect_match "^$prefix " "$routes"; done
for host in b-m1 b-m2 b-replica c-m1 c-m2 c-replica; do
  ! grep -q "^${address[$host]}[ /]" <<<"$routes" || fails "a-m1 has a route for $host alone"
done
allowed=$(in_host a-gw wg show all allowed-ips)
for prefix in $remote; do expect_match "[[:space:]]$prefix( |\$)" "$allowed"; done
for host in b-m1 c-m1; do
  ! grep -q "${address[$host]}/32" <<<"$allowed" || fails "a-gw carries $host by itself"
done
