#!/usr/bin/env bash
# Two real registries (Debian's docker-registry) behind the mirror, an image pulled through it with skopeo;
# the one in use is killed while it owes a blob.
#
#   registry_pull.sh LINKSPAN_MIRROR          exit status 77: docker-registry, skopeo, curl or jq is missing
set -euo pipefail
mirror=$1
for program in docker-registry skopeo curl jq; do command -v "$program" >/dev/null || exit 77; done
dir=$(mktemp -d /tmp/linkspan_registry_XXXXXX)
pids=()
finish() {
  kill -9 "${pids[@]}" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$dir"
}
trap finish EXIT
fail() { echo "FAILED: $*"; tail -n 30 "$dir/mirror.log"; exit 1; }
free_port() { # one that nobody listens on now
  local port
  while port=$((20000 + RANDOM % 20000)); (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
  echo "$port"
}
answers() { curl -fsS --retry 50 --retry-delay 0 --retry-all-errors --max-time 20 -o /dev/null "$1" 2>/dev/null; }

for i in 1 2; do
  port[i]=$(free_port)
  cat >"$dir/registry$i.yml" <<YML
version: 0.1
storage: {filesystem: {rootdirectory: $dir/registry$i}}
http: {addr: 127.0.0.1:${port[i]}}
YML
  docker-registry serve "$dir/registry$i.yml" >"$dir/registry$i.log" 2>&1 & pids+=($!)
  answers "http://127.0.0.1:${port[i]}/v2/" || fail "docker-registry does not start"
done

# An image of one incompressible layer, as an OCI layout.
layout=$dir/layout
mkdir -p "$layout/blobs/sha256" "$dir/root"
put() { # FILE: into the layout; prints digest and size as JSON
  local hex
  hex=$(sha256sum "$1" | cut -d' ' -f1)
  cp "$1" "$layout/blobs/sha256/$hex"
  jq -n --arg digest "sha256:$hex" --argjson size "$(stat -c %s "$1")" '{digest: $digest, size: $size}'
}
head -c 64M /dev/urandom >"$dir/root/payload"
tar -C "$dir/root" -cf - payload | gzip -1 >"$dir/layer.tar.gz"
layer=$(put "$dir/layer.tar.gz")
jq -n --arg diff "sha256:$(gzip -dc "$dir/layer.tar.gz" | sha256sum | cut -d' ' -f1)" \
  '{architecture: "amd64", os: "linux", config: {}, rootfs: {type: "layers", diff_ids: [$diff]}}' >"$dir/config"
config=$(put "$dir/config")
image=application/vnd.oci.image
jq -n --argjson config "$config" --argjson layer "$layer" --arg image "$image" '{schemaVersion: 2,
  mediaType: ($image + ".manifest.v1+json"), config: ($config + {mediaType: ($image + ".config.v1+json")}),
  layers: [$layer + {mediaType: ($image + ".layer.v1.tar+gzip")}]}' >"$dir/manifest"
jq -n --argjson manifest "$(put "$dir/manifest")" --arg image "$image" '{schemaVersion: 2, manifests: [$manifest +
  {mediaType: ($image + ".manifest.v1+json"), annotations: {"org.opencontainers.image.ref.name": "v1"}}]}' \
  >"$layout/index.json"
echo '{"imageLayoutVersion": "1.0.0"}' >"$layout/oci-layout"
for i in 1 2; do
  skopeo copy -q --preserve-digests --dest-tls-verify=false "oci:$layout:v1" \
    "docker://127.0.0.1:${port[i]}/team/payload:v1"
done

jq -n --argjson one "${port[1]}" --argjson two "${port[2]}" '{format: 1, network: "t", site: "a", node: "n", replicas: [
  {id: 1, site: "a", url: "http://127.0.0.1:\($one)", sources: ["docker.io"]},
  {id: 2, site: "b", url: "http://127.0.0.1:\($two)", sources: ["docker.io"]}]}' >"$dir/map.json"
listen=$(free_port)
"$mirror" --listen "127.0.0.1:$listen" --site-map "$dir/map.json" --cache-dir "$dir/cache" \
  --cache-free-bytes-min 0 2>"$dir/mirror.log" & pids+=($!)
proxy=http://127.0.0.1:$listen
answers "$proxy/v2/team/payload/manifests/v1" || fail "the manifest does not come"

echo "a blob whose replica is killed when it has been asked comes whole"
digest=$(jq -r .digest <<<"$layer")
preferred=$(curl -fsS "$proxy/explain" | jq '.sources[0].preferred')
# Stopped, it takes the request and sends nothing; then it is gone.
kill -STOP "${pids[preferred - 1]}"
curl -fsS "$proxy/v2/team/payload/blobs/$digest" -o "$dir/got" & get=$!
kill -9 "${pids[preferred - 1]}"
wait "$get" || fail "the blob ended with an error"
[ "sha256:$(sha256sum "$dir/got" | cut -d' ' -f1)" = "$digest" ] || fail "other bytes"

echo "skopeo pulls the image through the mirror"
skopeo copy -q --src-tls-verify=false "docker://127.0.0.1:$listen/team/payload:v1" "oci:$dir/copy:v1" ||
  fail "skopeo"

echo "with every replica dead, what is cached still comes and what is not is 404 at once"
kill -9 "${pids[0]}" "${pids[1]}" 2>/dev/null || true
curl -fsS "$proxy/v2/team/payload/blobs/$digest" | cmp - "$dir/layer.tar.gz" || fail "the cached blob"
status=$(curl -sS --max-time 5 -o /dev/null -w '%{http_code}' "$proxy/v2/team/payload/blobs/sha256:$(printf 'a%.0s' {1..64})")
[ "$status" = 404 ] || fail "status $status, expected 404"
