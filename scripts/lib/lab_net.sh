# Sourced after lab.sh: the lab's wires. Each site has a router: a LAN bridge, NAT, and the far end of one
# of the relay's TAP devices. On the WAN side a bridge joins the relay's device "w", the coordinator, the
# origin registry and the machine itself.

have_namespace() { [ -e "/run/netns/lab-$1" ]; }

in_ns() { ip -n "lab-$1" "${@:2}"; }

set_sysctls() { # NAMESPACE KEY=VALUE...
  ip netns exec "lab-$1" sysctl -qw "${@:2}"
}

make_namespace() {
  ip netns add "lab-$1"
  in_ns "$1" link set lo up
}

# wire NAMESPACE BRIDGE HOST ADDRESS/LENGTH [GATEWAY]: a cable from the bridge to the host's eth0.
wire() {
  local at=$1 bridge=$2 host=$3 address=$4 gateway=${5:-}
  in_ns "$at" link add "$host" type veth peer name eth0 netns "lab-$host"
  in_ns "$at" link set "$host" master "$bridge" up
  in_ns "$host" address add "$address" dev eth0
  in_ns "$host" link set eth0 up
  [ -z "$gateway" ] || in_ns "$host" route add default via "$gateway"
}

start_relay() {
  ip netns exec lab-wan setsid "$wan_relay" run "$wan_socket" w "${sites[@]}" \
    >"$lab_dir/wan.log" 2>&1 </dev/null &
  echo $! >"$lab_dir/wan.pid"
  await 10 "the WAN relay answers" wan_ctl show
}

make_wan() {
  make_namespace wan
  start_relay
  in_ns wan link add wan type bridge
  in_ns wan link set wan up
  in_ns wan link set wan-w master wan txqueuelen 10000 up
  # The machine stands on the WAN too, so that the API can be used from it.
  ip link add lab-wan type veth peer name machine netns lab-wan
  in_ns wan link set machine master wan up
  sysctl -qw net.ipv6.conf.lab-wan.disable_ipv6=1
  ip address add "$wan_prefix.${wan_last[machine]}/24" dev lab-wan
  ip link set lab-wan up
}

make_router() { # SITE
  local router=$1-router gateway
  gateway=$(lan_address "$1-gw")
  make_namespace "$router"
  set_sysctls "$router" net.ipv4.ip_forward=1 net.ipv6.conf.all.disable_ipv6=1
  in_ns wan link set "wan-$1" netns "lab-$router"
  in_ns "$router" link set "wan-$1" name wan
  in_ns "$router" address add "$wan_prefix.${wan_last[$1]}/24" dev wan
  # A burst of a fast sender is the path's to delay or drop, not the device's.
  in_ns "$router" link set wan txqueuelen 10000 up
  in_ns "$router" link add lan type bridge
  in_ns "$router" address add "$lan_prefix.1/24" dev lan
  in_ns "$router" link set lan up
  ip netns exec "lab-$router" nft -f - <<NFT
table ip site {
  chain incoming {
    type nat hook prerouting priority dstnat
    iifname "wan" udp dport $wireguard_port-$((wireguard_port + 15)) dnat to $gateway
  }
  chain outgoing {
    type nat hook postrouting priority srcnat
    oifname "wan" masquerade
  }
  chain passing {
    type filter hook forward priority filter; policy accept
    iifname "wan" ct state established,related accept
    iifname "wan" ct status dnat accept
    iifname "wan" drop
  }
}
NFT
}

set_default_paths() {
  local path a b rtt_ms
  for path in "${default_paths[@]}"; do
    read -r a b rtt_ms <<<"$path"
    wan_ctl set "$a" "$b" "rtt_ms=$rtt_ms" >/dev/null
  done
}

wire_lan_host() { # HOST
  make_namespace "$1"
  wire "$(site_of "$1")-router" lan "$1" "$(lan_address "$1")/24" "$lan_prefix.1"
}

make_network() {
  local site host
  make_wan
  for site in "${sites[@]}"; do make_router "$site"; done
  for host in coordinator origin; do
    make_namespace "$host"
    wire wan wan "$host" "$wan_prefix.${wan_last[$host]}/24"
  done
  for host in $(joined_hosts); do wire_lan_host "$host"; done
  set_default_paths
}

# Everything of it goes with the namespaces; the relay's devices go with the relay.
remove_network() { # EXTRA HOSTS...
  local name pid
  pid=$(cat "$lab_dir/wan.pid" 2>/dev/null || echo none)
  if grep -qs wan_relay "/proc/$pid/cmdline"; then
    kill "$pid"
    await 20 "the WAN relay is gone" not test -e "/proc/$pid"
  fi
  ! ip link show lab-wan >/dev/null 2>&1 || ip link del lab-wan
  for name in wan "${sites[@]/%/-router}" $(all_hosts) "$@"; do
    ! have_namespace "$name" || ip netns del "lab-$name"
  done
}
