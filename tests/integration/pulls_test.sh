#!/usr/bin/env bash
# Every member's containerd pulls an image by its original name and gets it from its own site's replica, as
# the registries' access logs show.
source "$(dirname "$0")/lib.sh"

tag=pulls
registries=(origin "${sites[@]/%/-replica}")
make_image "$tag"
for site in "${sites[@]}"; do replicate_image "$tag" "$site-replica"; done

declare -A mark
origin_mark=$(log_mark origin)

sent() { # REGISTRY, to the host at $address since the mark: bytes of blobs
  blob_gets "$1" "${mark[$1]}" | awk -v from="$address" '$1 == from { sum += $10 } END { print sum + 0 }'
}

# The proxy asks a second replica when the first has been silent for 300 ms, as one on a busy machine may be.
# What counts is where the bytes came from; a pull that was overtaken so is repeated once.
from_own_site() { # HOST
  local own registry
  own=$(site_of "$1")-replica
  await 180 "the mirror of $1 prefers its own site's replica" prefers_site "$1" "$(site_of "$1")"
  forget_image "$tag" "$1"
  in_host "$1" sh -c 'rm -rf /var/cache/linkspan-mirror/*'
  for registry in "${registries[@]}"; do mark[$registry]=$(log_mark "$registry"); done
  pull_image "$tag" "$1" >"$scratch/pull" 2>&1 </dev/null || { tail -n 5 "$scratch/pull"; return 1; }
  for registry in "${registries[@]}"; do
    [ "$registry" = "$own" ] || [ "$(sent "$registry")" -lt "$payload_bytes" ] || {
      say "  the layer came from $registry"
      in_host "$1" linkspan-mirror explain
      return 1
    }
  done
  [ "$(sent "$own")" -ge "$payload_bytes" ] || { say "  $own sent $(sent "$own") bytes"; return 1; }
}

for host in $(members); do
  claims "$host pulls $image:$tag from its own site's replica"
  undo+=("forget_image $tag $host")
  address=$(overlay_address "$host")
  from_own_site "$host" || from_own_site "$host" || fails "twice not from its own site"
done

claims "the origin sent nobody a blob"
expect_equal "" "$(blob_gets origin "$origin_mark")"

claims "what was pulled is what was built"
digest() { in_host "$1" ctr images ls "name==$image:$tag" | awk 'NR == 2 { print $3 }'; }
expected=$(in_host origin skopeo inspect --tls-verify=false "docker://$image:$tag" | jq -r .Digest)
for host in $(members); do expect_equal "$expected" "$(digest "$host")"; done
