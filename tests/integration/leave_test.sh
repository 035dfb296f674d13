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

claims "an address that was left is in quarantine: a site for two nodes has none for a third"
# Each join is a new identity, because leaving has taken the old one's keys away.
# The block is one of many: a removed site's goes through quarantine as well.
block=10.207.$((RANDOM % 256)).$((RANDOM % 64 * 4))/30
admin site create leave-test --network "$network" --prefix "$block" >/dev/null
undo+=("admin site remove leave-test --network $network")
join_small() { in_host "$host" sh -c "$(join_line leave-test member 1)" >"$scratch/join" 2>&1 </dev/null; }
for _ in first second; do
  join_small || fails "$(cat "$scratch/join")"
  say "  $(overlay_address "$host")"
  in_host "$host" linkspan leave >"$scratch/leave" 2>&1 </dev/null || fails "$(cat "$scratch/leave")"
done
if join_small; then fails "a third one joined as $(overlay_address "$host")"; fi
expect_match 'no free address: 2 nodes fit, all are held or in quarantine, next free in [0-9]+ s' \
  "$(cat "$scratch/join")"
