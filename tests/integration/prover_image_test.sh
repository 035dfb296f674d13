#!/usr/bin/env bash
# The prover's image: the same digest twice, small, no shell, not root; from one replica to the others, to every
# site's members through their nearest, started by containerd, and the pool accepts their shares.
source "$(dirname "$0")/lib.sh"
source "$repo/scripts/lib/lab_prover.sh"

tag=test
undo+=("kill_daemon $prover_host pool; in_host $prover_host rm -rf $pool_data /root/prover-image")
undo+=("remove_prover $prover_host")

claims "two builds of the image have one digest"
first=$(build_prover_image "$tag" | tail -n 1)
second=$(build_prover_image "$tag-again" | tail -n 1)
expect_match '^sha256:[0-9a-f]{64}$' "$first"
expect_equal "$first" "$second"

claims "the image is of at most 30 MB, has no shell, and does not run as root"
inspect() { in_host "$prover_host" skopeo "$@" --tls-verify=false "docker://127.0.0.1:5000/${prover_image#*/}:$tag"; }
manifest=$(inspect inspect --raw)
bytes=$(jq '[.layers[].size] | add' <<<"$manifest")
say "  $bytes bytes"
at_most "$bytes" 30000000 || fails "$bytes bytes"
config=$(inspect inspect --config)
expect_match '^65532' "$(jq -r .config.User <<<"$config")"
in_host "$prover_host" sh -euc 'rm -rf /tmp/image && skopeo copy --quiet --src-tls-verify=false "$1" dir:/tmp/image
  for layer in $(jq -r ".layers[].digest" /tmp/image/manifest.json); do tar -tzf "/tmp/image/${layer#sha256:}"; done
  rm -rf /tmp/image' list "docker://127.0.0.1:5000/${prover_image#*/}:$tag" >"$scratch/files"
grep -qx 'usr/bin/linkspan-prover' "$scratch/files" || fails "$(cat "$scratch/files")"
shells=$(awk '/(^|\/)(sh|bash|dash|busybox)$/' "$scratch/files")
expect_equal "" "$shells"
expect_equal "Apache-2.0" "$(jq -r '.config.Labels["org.opencontainers.image.licenses"]' <<<"$config")"
grep -q 'sbom.spdx.json$' "$scratch/files" || fails "no list of what is inside"

for site in b c; do copy_prover_image "$tag" "$site-replica"; done
start_pool 600

for host in a-m1 b-m1 c-m1; do
  undo+=("stop_prover $host SIGKILL; in_host $host ctr images rm --sync $prover_image:$tag")
  registry=$(site_of "$host")-replica
  claims "$host pulls the prover from $registry and starts it"
  in_host "$host" sh -c 'ctr images rm --sync "$1"; rm -rf /var/cache/linkspan-mirror/*' forget \
    "$prover_image:$tag" >/dev/null 2>&1
  await 180 "the mirror of $host prefers its own site's replica" prefers_site "$host" "$(site_of "$host")"
  mark=$(log_mark "$registry")
  pull_prover_image "$tag" "$host" >"$scratch/pull" 2>&1 </dev/null || fails "$(tail -n 5 "$scratch/pull")"
  [ -n "$(image=$prover_image blob_gets "$registry" "$mark")" ] || fails "$registry sent nothing"
  start_prover "$tag" "$host" >/dev/null
done
for host in a-m1 b-m1 c-m1; do
  claims "the pool accepts shares of $host across the overlay"
  await 120 "shares of $host" has_shares "$host"
done

claims "SIGTERM finishes the batch and ends the prover with 0"
in_host a-m1 ctr task kill --signal SIGTERM prover
ended() { in_host a-m1 ctr task ls | grep -q '^prover .*STOPPED'; }
await 60 "the prover has ended" ended
