#!/usr/bin/env bash
# Every member's containerd pulls an image by its original name and gets it from its own site's replica, as
# the registries' access logs show.
source "$(dirname "$0")/lib.sh"

tag=pulls
registries=(origin "${sites[@]/%/-replica}")
make_image "$tag"
for site in "${sites[@]}"; do replicate_image "$tag" "$site-replica"; done

declare -A mark
for registry in "${registries[@]}"; do mark[$registry]=$(log_mark "$registry"); done

for host in $(members); do
  claims "$host pulls $image:$tag from its own site's replica"
  forget_image "$tag" "$host"
  undo+=("forget_image $tag $host")
  pull_image "$tag" "$host" >"$scratch/pull" 2>&1 </dev/null || fails "$(tail -n 5 "$scratch/pull")"
  address=$(overlay_address "$host")
  for registry in "${registries[@]}"; do
    count=$(blob_gets "$registry" "${mark[$registry]}" | grep -c "^$address " || true)
    if [ "$registry" = "$(site_of "$host")-replica" ]; then
      [ "$count" -ge 2 ] || fails "$registry sent $count blobs to $host at $address, expected config and layer"
    else
      expect_equal 0 "$count"
    fi
  done
done

claims "the origin sent nobody a blob"
expect_equal "" "$(blob_gets origin "${mark[origin]}")"

claims "what was pulled is what was built"
digest() { in_host "$1" ctr images ls "name==$image:$tag" | awk 'NR == 2 { print $3 }'; }
expected=$(in_host origin skopeo inspect --tls-verify=false "docker://$image:$tag" | jq -r .Digest)
for host in $(members); do expect_equal "$expected" "$(digest "$host")"; done
