#!/usr/bin/env bash
# `linkspan leave` leaves a server as it was before it joined, and its address is not given to another while
# it is in quarantine.
source "$(dirname "$0")/lib.sh"

host=c-spare
spare_host "$host"
start_containerd "$host"
install_packages "$host" linkspan-agent linkspan-mirror
before=$(host_state "$host")

claims "a fresh host joins and is up"
undo+=("in_host $host linkspan leave")
in_host "$host" sh -c "$(join_line c member 1)" >"$scratch/join" 2>&1 </dev/null || fails "$(cat "$scratch/join")"
await 30 "$host is up" in_host "$host" linkspan status
address=$(overlay_address "$host")
ping_ok a-m1 "$address" >/dev/null

claims "leave leaves interfaces, routes, rules and files as they were"
in_host "$host" linkspan leave >"$scratch/leave" 2>&1 </dev/null || fails "$(cat "$scratch/leave")"
diff <(echo "$before") <(host_state "$host") || fails "the host is not as it was before it joined"

claims "the others forget it"
gone() { ! node_of "$host" >/dev/null; }
await 10 "the coordinator has no such node" gone
no_peer() { ! in_host c-m1 wg show all allowed-ips | grep -qF "$address/32"; }
await 10 "its neighbours have dropped it" no_peer

claims "leaving again is harmless"
in_host "$host" linkspan leave >"$scratch/leave" 2>&1 </dev/null || fails "$(cat "$scratch/leave")"
diff <(echo "$before") <(host_state "$host") || fails "the host has changed"

claims "its address is in quarantine: another new host gets another"
in_host "$host" sh -c 'rm -rf /var/lib/linkspan'
in_host "$host" sh -c "$(join_line c member 1)" >"$scratch/join" 2>&1 </dev/null || fails "$(cat "$scratch/join")"
again=$(overlay_address "$host")
[ "$again" != "$address" ] || fails "$address was given again"
say "  first $address, then $again"
