#!/usr/bin/env bash
# A replica dies in the middle of a blob: the pull goes on from the second nearest. All replicas are dead: the
# runtime's own fallback, the origin, at once.
source "$(dirname "$0")/lib.sh"

tag=death
host=a-m1
registries=(origin "${sites[@]/%/-replica}")
revive() { daemon_alive "$1" registry || start_registry "$1"; }
for site in "${sites[@]}"; do undo+=("revive $site-replica"); done
make_image "$tag"
for site in "${sites[@]}"; do replicate_image "$tag" "$site-replica"; done
forget_image "$tag" "$host"
undo+=("forget_image $tag $host")
address=$(overlay_address "$host")
declare -A mark
mark_all() { for registry in "${registries[@]}"; do mark[$registry]=$(log_mark "$registry"); done; }
layer_bytes_from() { # REGISTRY: of blobs sent to the host since the mark
  blob_gets "$1" "${mark[$1]}" | awk -v from="$address" '$1 == from { sum += $10 } END { print sum + 0 }'
}
log_length() { in_host "$host" sh -c 'wc -l </var/log/linkspan/mirror.log'; }
# On a slow machine b itself may be slower than a replica has to be while there is another to try: the mirror says so.
expect_farther_untouched() {
  expect_equal 0 "$(layer_bytes_from origin)"
  [ "$(layer_bytes_from c-replica)" != 0 ] || return 0
  in_host "$host" tail -n "+$((log_lines + 1))" /var/log/linkspan/mirror.log >"$scratch/log"
  grep -q 'slower than .* another is tried' "$scratch/log" ||
    fails "c sent $(layer_bytes_from c-replica) bytes: $(cat "$scratch/log")"
}

claims "the mirror has measured the replicas: a is nearest, b second, c last"
in_order() {
  [ "$(in_host "$host" linkspan-mirror explain --json | jq -r '[.replicas[] | select(.health == "healthy")] |
    sort_by(.latency_ms) | map(.site) | join(" ")')" = "a b c" ]
}
await 60 "the replicas are healthy and in order" in_order

claims "own replica killed in the middle of a blob: the pull succeeds, the rest comes from the second nearest"
# On the LAN 64 MiB pass in a moment: the bytes that have come are watched without a pause, and the replica is
# killed once there are some.
mark_all
received() { in_host "$host" cat /sys/class/net/ls0/statistics/rx_bytes; }
began=$(received)
log_lines=$(log_length)
pull_image "$tag" "$host" >"$scratch/pull" 2>&1 </dev/null &
pull=$!
while [ $(($(received) - began)) -lt $((8 << 20)) ] && kill -0 "$pull" 2>/dev/null; do :; done
kill_daemon a-replica registry KILL
before_death=$(($(received) - began))
say "  a-replica killed after $((before_death >> 20)) MiB"
[ "$before_death" -lt "$payload_bytes" ] || fails "the blob was through before the replica could be killed"
wait "$pull" || fails "the pull ended with an error: $(tail -n 5 "$scratch/pull")"
in_host "$host" ctr images check "name==$image:$tag" | grep -q 'complete (2/2)' || fails "the image is not complete"
from_b=$(layer_bytes_from b-replica)
say "  b-replica sent $((from_b >> 20)) MiB"
[ "$from_b" -gt 0 ] || fails "b is second nearest by RTT, but sent nothing; c sent $(layer_bytes_from c-replica), the
origin $(layer_bytes_from origin): $(in_host "$host" linkspan-mirror explain)"
[ "$from_b" -lt "$payload_bytes" ] || fails "b sent everything again, expected the rest only"
expect_farther_untouched
in_host "$host" linkspan-mirror explain

claims "with its own replica dead, the next pull comes from the second nearest"
# On a slow machine the probes themselves may have taken long when the choice was made; it is put right by itself.
await 180 "the mirror prefers b" prefers_site "$host" b
forget_image "$tag" "$host"
in_host "$host" sh -c 'rm -rf /var/cache/linkspan-mirror/*'
mark_all
log_lines=$(log_length)
pull_image "$tag" "$host" >"$scratch/pull" 2>&1 </dev/null || fails "$(tail -n 5 "$scratch/pull")"
from_b=$(layer_bytes_from b-replica)
[ "$from_b" -gt 0 ] || fails "b is the nearest now, but sent nothing: $(in_host "$host" linkspan-mirror explain)"
[ $((from_b + $(layer_bytes_from c-replica))) -ge "$payload_bytes" ] ||
  fails "b-replica sent $from_b bytes, expected the whole layer"
expect_farther_untouched

claims "all replicas dead: the origin serves, with no waiting for the dead"
tag=orphan
make_image "$tag"
for site in b c; do kill_daemon "$site-replica" registry KILL; done
forget_image "$tag" "$host"
mark_all
began_ms=$(date +%s%3N)
pull_image "$tag" "$host" >"$scratch/pull" 2>&1 </dev/null || fails "$(tail -n 5 "$scratch/pull")"
took_ms=$(($(date +%s%3N) - began_ms))
router=$wan_prefix.${wan_last[a]}
count=$(blob_gets origin "${mark[origin]}" | awk -v from="$router" '$1 == from { count++ } END { print count + 0 }')
forget_image "$tag" "$host"
began_ms=$(date +%s%3N)
in_host "$host" ctr images pull --snapshotter native --plain-http "$image:$tag" >"$scratch/pull" 2>&1 </dev/null ||
  fails "$(tail -n 5 "$scratch/pull")"
straight_ms=$(($(date +%s%3N) - began_ms))
say "  pulled in $took_ms ms, $count blobs from the origin; straight from it in $straight_ms ms"
[ "$count" -ge 2 ] || fails "the origin sent $count blobs to site a, expected config and layer"
# A dial that times out costs a second or more each for manifest, config and layer.
[ "$took_ms" -le $((straight_ms + 3000)) ] || fails "took $took_ms ms, straight from the origin $straight_ms ms"
