#!/usr/bin/env bash
# The network and what was acknowledged outlive the coordinator's sudden death.
source "$(dirname "$0")/lib.sh"

restart() { daemon_alive coordinator coordinator || start_coordinator; }
undo+=(restart)
declare -A address
for host in a-m1 a-m2 b-m1 c-m1; do address[$host]=$(overlay_address "$host"); done
nodes() {
  admin node list --network "$network" --json | jq -cS '[(.items? // .)[] | {id, name, addresses}] | sort_by(.id)'
}
before=$(nodes)

claims "traffic goes on while the coordinator is dead"
in_host a-m1 sh -c 'ping -i0.1 -w60 "$1" >/run/ping.txt & echo $! >/run/ping.pid' ping "${address[c-m1]}"
kill_daemon coordinator coordinator KILL
for other in a-m2 b-m1 c-m1; do ping_ok a-m1 "${address[$other]}" >/dev/null; done

claims "an agent killed meanwhile comes back by itself from its cache, and its interface never went"
index=$(in_host a-m1 cat /sys/class/net/ls0/ifindex)
in_host a-m1 sh -c 'kill -KILL "$(cat /run/linkspan/agent.pid)"'
ping_ok a-m1 "${address[b-m1]}" >/dev/null
agent_back() { in_host a-m1 sh -c 'kill -0 "$(cat /run/linkspan/agent.pid)"' && in_host a-m1 linkspan status; }
await 20 "the agent is back" agent_back
expect_equal "$index" "$(in_host a-m1 cat /sys/class/net/ls0/ifindex)"
for other in a-m2 b-m1 c-m1; do ping_ok a-m1 "${address[$other]}" >/dev/null; done

claims "not one ping in ten was lost all the while"
# Enough of them that the one still under way at the end does not decide.
fifty_answered() { in_host a-m1 awk -F'icmp_seq=' '$2 + 0 >= 50 { seen = 1 } END { exit !seen }' /run/ping.txt; }
await 20 "fifty pings" fifty_answered
in_host a-m1 sh -c 'kill -INT "$(cat /run/ping.pid)"'
await 5 "ping has counted" in_host a-m1 grep -q 'packet loss' /run/ping.txt
lost=$(in_host a-m1 sed -nE 's/.* ([0-9.]+)% packet loss.*/\1/p' /run/ping.txt)
say "  $lost % lost"
at_most "$lost" 10 || fails "$lost % lost"

claims "the coordinator restarted has every node as it was"
start_coordinator
expect_equal "$before" "$(nodes)"
all_report_up() {
  expect_equal 12 "$(admin node list --network "$network" --json |
    jq '[(.items? // .)[] | select(.state == "up")] | length')"
}
await 30 "all twelve are up again" all_report_up
