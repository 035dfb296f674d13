# Sourced after lab.sh: a real image, where it comes from and how it is pulled.

image=$origin_name/prover/payload
payload_bytes=$((64 << 20))

# make_image TAG: an OCI image with one layer of 64 MiB that does not compress, built with buildah on the
# origin's host and pushed to the registry there.
make_image() {
  in_host origin sh -euc '
    export TMPDIR=$(mktemp -d)
    trap "rm -rf $TMPDIR" EXIT
    run() { buildah --root "$TMPDIR/root" --runroot "$TMPDIR/run" --storage-driver vfs "$@"; }
    container=$(run from scratch)
    head -c "$2" /dev/urandom >"$TMPDIR/payload"
    run copy --quiet "$container" "$TMPDIR/payload" /payload >/dev/null
    run config --cmd /payload "$container"
    run commit --quiet --format oci "$container" payload >/dev/null
    run push --quiet --tls-verify=false payload "docker://$1"' make "$image:$1" "$payload_bytes"
}

# replicate_image TAG HOST: what replication will do by itself one day.
replicate_image() {
  in_host "$2" skopeo copy --quiet --preserve-digests --src-tls-verify=false --dest-tls-verify=false \
    "docker://$image:$1" "docker://127.0.0.1:5000/${image#*/}:$1"
}

# pull_image TAG HOST: by its original name, as the runtime's own tool does it. The origin speaks plain HTTP.
pull_image() {
  in_host "$2" ctr images pull --snapshotter native --plain-http --hosts-dir /etc/containerd/certs.d "$image:$1"
}

forget_image() { # TAG HOST: so that the next pull fetches everything again
  in_host "$2" sh -c '
    ctr images rm --sync "$1" >/dev/null 2>&1
    ctr content ls -q | xargs -r ctr content rm >/dev/null' forget "$image:$1"
}

# Where a registry's access log ends now, so that a test can look at what comes after.
log_mark() { in_host "$1" sh -c 'wc -l </var/log/lab/registry.log'; }

# blob_gets HOST MARK: the blob requests answered since then, one a line, as the access log has them:
# ADDRESS - - [TIME] "GET /v2/NAME/blobs/DIGEST HTTP/1.1" STATUS BYTES "REFERRER" "AGENT"
blob_gets() {
  in_host "$1" tail -n "+$(($2 + 1))" /var/log/lab/registry.log |
    { grep -E "^[0-9a-f.:]+ .*\"GET /v2/${image#*/}/blobs/" || true; }
}
