# Sourced after lab_image.sh: the fleet's workload in the lab. The image is built with what is in
# prover/image, pushed to one site's replica, copied to the others, pulled by the members by its name and
# started by their containerd; a pool on a replica's host gives them work across the overlay.
#
# The reference string is the toy one and the degree is small: what is shown is that everything meets, and a
# laptop's two cores are enough for it.

prover_image=$origin_name/prover/linkspan-prover
prover_degree=255
prover_host=a-replica # where the image is built and pushed first, and where the pool runs
pool_port=4133
pool_data=/var/lib/linkspan-pool
# The pool's and the payees' address: 32 zero bytes, of nobody.
prover_address=aleo1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq3ljyzc

# install_prover HOST: the program, from its package.
install_prover() {
  in_host "$1" sh -c 'command -v linkspan-prover' >/dev/null 2>&1 && return 0
  copy_packages "$1"
  install_packages "$1" linkspan-prover
}

remove_prover() { in_host "$1" dpkg --purge linkspan-prover; }

# build_prover_image TAG: on the host, from the installed program. Prints the digest.
build_prover_image() {
  local at=/root/prover-image
  install_prover "$prover_host" >/dev/null
  in_host "$prover_host" mkdir -p "$at"
  tar -C "$repo" -c prover/image scripts/lib/common.sh LICENSE | in_host "$prover_host" tar -C "$at" -x
  in_host "$prover_host" env LINKSPAN_PUSH_OPTIONS=--tls-verify=false \
    SOURCE_DATE_EPOCH="$(git -C "$repo" log -1 --format=%ct 2>/dev/null || echo 0)" \
    LINKSPAN_REVISION="$(git -C "$repo" rev-parse HEAD 2>/dev/null || echo unknown)" \
    "$at/prover/image/build" /usr/bin/linkspan-prover "docker://127.0.0.1:5000/${prover_image#*/}:$1"
}

# copy_prover_image TAG HOST: from the first replica over the overlay.
copy_prover_image() {
  in_host "$2" skopeo copy --quiet --preserve-digests --src-tls-verify=false --dest-tls-verify=false \
    "docker://$(overlay_address "$prover_host"):5000/${prover_image#*/}:$1" \
    "docker://127.0.0.1:5000/${prover_image#*/}:$1"
}

pull_prover_image() { # TAG HOST
  in_host "$2" ctr images pull --snapshotter native --plain-http --hosts-dir /etc/containerd/certs.d \
    "$prover_image:$1"
}

start_pool() { # EPOCH-SECONDS
  install_prover "$prover_host"
  in_host "$prover_host" mkdir -p "$pool_data"
  daemon_in "$prover_host" pool linkspan-prover pool --srs toy --degree "$prover_degree" \
    --address "$prover_address" --data-dir "$pool_data" --listen "0.0.0.0:$pool_port" --http 127.0.0.1:9188 \
    --epoch-seconds "$1" --target 16 --target-cap 64
  await 60 "the pool is ready" in_host "$prover_host" curl -fsS http://127.0.0.1:9188/healthz
}

pool_status() { in_host "$prover_host" curl -fsS http://127.0.0.1:9188/status; }

# start_prover TAG HOST: by containerd, from the image, with nothing that it could write to.
start_prover() {
  in_host "$2" ctr run --detach --snapshotter native --net-host --read-only "$prover_image:$1" prover \
    /usr/bin/linkspan-prover run --pool "$(overlay_address "$prover_host"):$pool_port" \
    --address "$prover_address" --worker "$2" --srs toy --degree "$prover_degree" --threads 1 --batch 64 \
    --metrics 127.0.0.1:9187
}

stop_prover() { # HOST [SIGNAL]
  in_host "$1" sh -c '
    ctr task kill --signal "$1" prover >/dev/null 2>&1
    for i in $(seq 100); do ctr task ls | grep -q "^prover .*RUNNING" || break; sleep 0.1; done
    ctr task rm --force prover; ctr container rm prover' stop "${2:-SIGTERM}" >/dev/null 2>&1 || true
}

accepted_of() { # HOST: its worker's accepted shares, as the pool counts them
  pool_status | jq --arg worker "$prover_address.$1" '.workers[$worker].shares // 0'
}

has_shares() { [ "$(accepted_of "$1")" -gt 0 ]; }
