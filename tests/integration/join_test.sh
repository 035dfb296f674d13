#!/usr/bin/env bash
# Twelve hosts have joined with the line that `linkspan token create` printed (netns.lab_up). They are up,
# say so themselves, and joining again changes nothing.
source "$(dirname "$0")/lib.sh"

claims "the coordinator knows twelve nodes, all up"
states() { admin node list --network "$network" --json | jq -r '(.items? // .)[] | .state' | sort | uniq -c | xargs; }
twelve_up() { expect_equal "12 up" "$(states)"; }
await 30 "twelve nodes are up" twelve_up

claims "every host says that it is up, on an address of its own"
for host in $(joined_hosts); do
  in_host "$host" linkspan status >"$scratch/$host.txt" || fails "$host: $(cat "$scratch/$host.txt")"
  in_host "$host" linkspan status --json >"$scratch/$host.json"
  jq -e '.up == true' "$scratch/$host.json" >/dev/null || fails "$host: $(cat "$scratch/$host.json")"
done
addresses=$(for host in $(joined_hosts); do overlay_address "$host"; done)
expect_equal 12 "$(sort -u <<<"$addresses" | wc -l)"

claims "every host's first ping over the overlay was answered"
# A gateway that joined when there was nobody else has had no one to ask.
for host in $(joined_hosts); do
  first_ping_ms=$(jq -r '.first_ping_ms // empty' "$scratch/$host.json")
  [[ $host == *-gw ]] || expect_match '^[0-9]+(\.[0-9]+)?$' "$first_ping_ms"
  say "  $host: first ping after ${first_ping_ms:-?} ms"
done

claims "joining again with the same line is harmless"
before=$(host_state a-m1)
node=$(node_of a-m1 | jq -c '{id, addresses}')
line=$(join_line a member 1)
for _ in 1 2; do
  in_host a-m1 sh -c "$line" >"$scratch/again.txt" 2>&1 </dev/null || fails "$(cat "$scratch/again.txt")"
done
expect_equal "$node" "$(node_of a-m1 | jq -c '{id, addresses}')"
diff <(echo "$before") <(host_state a-m1) || fails "the host has changed"
